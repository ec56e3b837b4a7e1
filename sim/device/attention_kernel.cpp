#include "sim/device/attention_kernel.h"

#include <algorithm>

#include "sim/device/attention_time.h"

namespace mobasim {
namespace {

// "" where the stack names none that can run on the device.
std::string kernel_of_stack(const Stack& stack, const Attention& attention, const Device& device,
                            std::string_view dtype) {
  if (std::holds_alternative<Moba>(attention)) return "";
  const std::string wanted = attention_of(stack, device.name);
  if (wanted == kMathAttention) return wanted;
  if (!std::holds_alternative<FullAttention>(attention)) return "";
  const std::vector<std::string> known = implementations(device, "full", dtype);
  return std::find(known.begin(), known.end(), wanted) == known.end() ? "" : wanted;
}

}  // namespace

std::string chosen_implementation(const KernelChoice& kernels, std::string_view mechanism) {
  if (mechanism == "full") return kernels.full;
  if (mechanism == "moba") return kernels.moba;
  if (mechanism == "sliding_window") return kernels.sliding_window;
  return "";
}

std::string attention_kernel(const LayerGroup& group, const Device& device, const Stack& stack,
                             const KernelChoice& kernels, std::string_view dtype, std::int64_t sequence) {
  AttentionLayer layer;
  layer.attention = is_full_at(group.attention, sequence) ? Attention(FullAttention{}) : group.attention;
  layer.shape = {sequence, 1, group.heads, group.kv_heads, group.head_dim};
  layer.dtype = dtype;
  if (const std::string named = chosen_implementation(kernels, name(layer.attention)); !named.empty()) return named;
  const std::string of_stack = kernel_of_stack(stack, layer.attention, device, dtype);
  return of_stack.empty() ? fastest_implementation(layer, device) : of_stack;
}

std::vector<std::string> attention_kernels(const ModelShape& model, const Device& device, const Stack& stack,
                                           const KernelChoice& kernels, std::string_view dtype, std::int64_t sequence) {
  std::vector<std::string> found;
  for (const LayerGroup& group : model.groups) {
    found.push_back(attention_kernel(group, device, stack, kernels, dtype, sequence));
  }
  return found;
}

}  // namespace mobasim
