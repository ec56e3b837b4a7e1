// The loops over the values of a row that the operations of a layer are made of, compiled once for each instruction
// set. T: float or Bf16.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/bf16.h"

namespace mobasim::kernels {

template <class T>
struct LayerLoops {
  // One row of `width` values each.
  float (*rms_norm)(std::int64_t width, const T* x, const T* gain, T* y);  // the result: 1 / rms
  // Adds the row's part of the gain's gradient to d_gain.
  void (*rms_norm_backward)(std::int64_t width, const T* d_y, const T* x, const T* gain, float inverse_rms, T* d_x,
                            float* d_gain);
  void (*sum)(std::int64_t count, const T* a, const T* b, T* out);
  void (*gated_activation)(std::int64_t width, const T* gate, const T* up, T* y);
  void (*gated_activation_backward)(std::int64_t width, const T* d_y, const T* gate, const T* up, T* d_gate, T* d_up);
  // One head of 2 half values: from [first | second] by `half` angles; sign -1 turns back.
  void (*turn)(std::int64_t half, const float* cosine, const float* sine, float sign, const T* from, T* to);
};

// Of each instruction set that this processor has, the best first.
template <class T>
[[nodiscard]] const std::vector<LayerLoops<T>>& all_layer_loops();
template <class T>
[[nodiscard]] const LayerLoops<T>& layer_loops() {
  return all_layer_loops<T>().front();
}

}  // namespace mobasim::kernels
