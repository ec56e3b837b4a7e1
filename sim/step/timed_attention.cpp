#include "sim/step/timed_attention.h"

#include <algorithm>

#include "sim/device/attention_rows.h"
#include "sim/device/attention_time.h"
#include "sim/device/moba_scaling.h"

namespace mobasim::step {
namespace {

AttentionLayer attention_layer(const LayerGroup& group, const std::string& kernel, const std::string& dtype,
                               std::int64_t sequence, Pass pass) {
  AttentionLayer layer;
  layer.attention = is_full_at(group.attention, sequence) ? Attention(FullAttention{}) : group.attention;
  layer.shape = {sequence, 1, group.heads, group.kv_heads, group.head_dim};
  layer.pass = pass, layer.dtype = dtype;
  layer.implementation = kernel;
  return layer;
}

double routing_seconds(const AttentionLayer& layer, const Device& device, double all) {
  const LayerRows found = rows_for(layer, device, layer.implementation);
  if (found.rows.empty()) return 0;
  const MobaSplit split = split_of(layer, found.rows, device);
  const AttentionCount counts = count(layer.attention, layer.shape.sequence);
  const AttentionWork done = work(layer.attention, layer.shape, 2);
  const double picks = static_cast<double>(counts.picks) * static_cast<double>(layer.shape.head_dim);
  const double gate = layer.pass == Pass::forward ? done.gate.value() : 0;
  return std::min(0.95 * all, split.per_pick * picks + split.per_gate * gate);
}

}  // namespace

TimedAttention timed_attention(const LayerGroup& group, const Device& device, const Stack& stack,
                               const KernelChoice& kernels, const std::string& dtype, std::int64_t sequence) {
  const std::string kernel = attention_kernel(group, device, stack, kernels, dtype, sequence);
  TimedAttention timed;
  const double heads = static_cast<double>(group.heads);
  for (const Pass pass : {Pass::forward, Pass::backward}) {
    auto& seconds = pass == Pass::forward ? timed.seconds.forward : timed.seconds.backward;
    AttentionLayer layer = attention_layer(group, kernel, dtype, sequence, pass);
    const TimeEstimate whole = attention_time(layer, device);
    timed.basis = worst(timed.basis, whole.basis);
    timed.time += whole.time.value(), timed.lo += whole.lo.value(), timed.hi += whole.hi.value();
    if (timed.note.find(whole.note) == std::string::npos) timed.note += (timed.note.empty() ? "" : "; ") + whole.note;
    seconds.fill(whole.time.value() / heads);
    if (std::holds_alternative<Moba>(layer.attention)) {
      auto& routing = pass == Pass::forward ? timed.seconds.forward_routing : timed.seconds.backward_routing;
      routing = routing_seconds(layer, device, whole.time.value()) / heads;
    }
    if (!std::holds_alternative<FullAttention>(layer.attention)) continue;
    // A40: a ring's kernels see pieces of the sequence.
    for (std::size_t i = 1; i < seconds.size() && (sequence >> i) >= 128; ++i) {
      AttentionLayer piece = layer;
      piece.shape.sequence = sequence >> i;
      piece.implementation = attention_kernel(group, device, stack, kernels, dtype, piece.shape.sequence);
      const double slower = (attention_time(piece, device).time / useful_flops(piece)).value() /
                            (whole.time / useful_flops(layer)).value();
      seconds[i] = seconds[0] * std::max(1.0, slower);
    }
  }
  return timed;
}

}  // namespace mobasim::step
