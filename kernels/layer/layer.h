// One layer of a transformer on the processor, forward and backward: the norms, gemms, attention and activation that
// the simulator adds up when it predicts a layer (docs/method/step.md), so that the sum can be held against a
// measurement.
//
//   x2 = x + attention(rms_norm(x)) W_output,  y = x2 + (silu(gate) up) W_down,  [gate | up] = rms_norm(x2) W_up
//
// Matrices lie as [in, out]; queries, keys and values are one product, gate and up another. All gradients are computed:
// of the input, of every matrix and of the gains of the norms.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/bf16.h"
#include "kernels/problem.h"
#include "sim/base/units.h"

namespace mobasim::kernels {

namespace cpu {
struct MicroKernels;
}

struct LayerShape {
  std::int64_t sequence = 0, hidden = 0, ffn = 0;  // one sequence
  std::int64_t heads = 1, kv_heads = 1, head_dim = 64;
  Mechanism mechanism = Mechanism::full;
  std::int64_t block = 0, top_k = 0;  // moba
};
[[nodiscard]] std::vector<std::string> violations(const LayerShape& shape);
[[nodiscard]] Problem attention_of(const LayerShape& shape);
// Useful FLOPs: gemms and attention.
[[nodiscard]] Flops forward_flops(const LayerShape& shape);
[[nodiscard]] Flops backward_flops(const LayerShape& shape);

// The weights, and likewise their gradients.
template <class T>
struct LayerWeights {
  std::vector<T> attention_norm, qkv, output, ffn_norm, up, down;
};

// T is float or Bf16.
template <class T>
class Layer {
 public:
  // Weights are random: normal, of variance 1 / rows of the matrix; gains near 1. All memory is allocated here or by
  // the first run. Throws ConfigError for violations(shape), Unsupported where there is no product in the format.
  // micro: of attention; nullptr: the best that this processor has.
  Layer(const LayerShape& shape, int threads, std::uint64_t seed, const cpu::MicroKernels* micro = nullptr);
  Layer(Layer&&) noexcept;
  Layer& operator=(Layer&&) noexcept;
  ~Layer();

  // x [sequence, hidden]; the result is y, of the same shape, until the next run.
  const std::vector<T>& forward(const T* x);
  // d_y is the gradient of y; the result is that of x. Needs the forward pass of the same x before it, x still in
  // place.
  const std::vector<T>& backward(const T* x, const T* d_y);

  [[nodiscard]] LayerWeights<T>& weights();
  [[nodiscard]] const LayerWeights<T>& gradients() const;  // of the last backward pass

 private:
  struct State;
  std::unique_ptr<State> state_;
};

extern template class Layer<float>;
extern template class Layer<Bf16>;

}  // namespace mobasim::kernels
