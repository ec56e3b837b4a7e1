// Which kernel computes a layer's attention: settled here, once, for its time and for its memory
// (docs/method/step.md, A52).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/device/device.h"
#include "sim/model/model_shape.h"
#include "sim/stack/stack.h"

namespace mobasim {

// Which implementation of each mechanism a run names; empty: none.
struct KernelChoice {
  std::string full = "";
  std::string moba = "";
  std::string sliding_window = "";
};
[[nodiscard]] std::string chosen_implementation(const KernelChoice& kernels, std::string_view mechanism);

// The implementation that runs a layer of the group: the one that the run names for its mechanism, which is full
// attention wherever the layer attends to everything; else the stack's, where the device has rows of it or it is
// kMathAttention, which serves windows by a mask; else the fastest that the device has rows of. "" where it has none:
// its assumed efficiency stands for the kernel. `dtype` is a format of attention (attention_dtype).
[[nodiscard]] std::string attention_kernel(const LayerGroup& group, const Device& device, const Stack& stack,
                                           const KernelChoice& kernels, std::string_view dtype, std::int64_t sequence);
// Of each group of the model, in their order.
[[nodiscard]] std::vector<std::string> attention_kernels(const ModelShape& model, const Device& device,
                                                         const Stack& stack, const KernelChoice& kernels,
                                                         std::string_view dtype, std::int64_t sequence);

}  // namespace mobasim
