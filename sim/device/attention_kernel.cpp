#include "sim/device/attention_kernel.h"

namespace mobasim {

const std::string& chosen_implementation(const KernelChoice& kernels, const Attention& mechanism) {
  static const std::string none;
  const std::string_view wanted = name(mechanism);
  if (wanted == "full") return kernels.full;
  if (wanted == "moba") return kernels.moba;
  return wanted == "sliding_window" ? kernels.sliding_window : none;
}

AttentionLayer attention_layer(const LayerGroup& group, std::int64_t sequence, Pass pass) {
  AttentionLayer layer;
  if (!is_full_at(group.attention, sequence)) layer.attention = group.attention;
  layer.shape = {sequence, 1, group.heads, group.kv_heads, group.head_dim};
  layer.pass = pass;
  return layer;
}

KernelsOfRun::KernelsOfRun(const AttentionTable& table, std::string_view device, const Stack& stack,
                           const KernelChoice& kernels)
    : table_(table), kernels_(kernels) {
  const std::string wanted = attention_of(stack, device);
  of_stack_.math = wanted == kMathAttention;
  const TimedKernel* timed = table.kernel(FullAttention{}, wanted);
  if (timed != nullptr && timed->serves_both) of_stack_.timed = timed;
}

LayerKernel KernelsOfRun::of(const AttentionLayer& layer) const {
  const std::string& named = chosen_implementation(kernels_, layer.attention);
  if (!named.empty()) return {&table_.named_kernel(layer, named)};
  const bool full = std::holds_alternative<FullAttention>(layer.attention);
  if (of_stack_.math && !std::holds_alternative<Moba>(layer.attention)) return of_stack_;
  if (full && of_stack_.timed != nullptr) return of_stack_;
  return {table_.fastest(layer)};
}

LayerKernel KernelsOfRun::of(const LayerGroup& group, std::int64_t sequence) const {
  return of(attention_layer(group, sequence, Pass::forward));
}

}  // namespace mobasim
