#include "sim/step/timed_attention.h"

#include <algorithm>

namespace mobasim::step {
namespace {

constexpr std::int64_t kShortestPiece = 128;  // tokens

// A40: a ring's kernels see pieces of the sequence, each as if it were one.
void set_pieces(const AttentionLayer& layer, const AttentionTable& table, const KernelsOfRun& kernels, Seconds whole,
                std::array<double, AttentionSeconds::kSplits>& seconds) {
  for (std::size_t i = 1; i < seconds.size() && (layer.shape.sequence >> i) >= kShortestPiece; ++i) {
    AttentionLayer piece = layer;
    piece.shape.sequence = layer.shape.sequence >> i;
    const double slower = (table.time(piece, kernels.of(piece).timed).time / useful_flops(piece)).value() /
                          (whole / useful_flops(layer)).value();
    seconds[i] = seconds[0] * std::max(1.0, slower);
  }
}

void add_new(std::string& words, const std::string& more) {
  if (words.find(more) != std::string::npos) return;
  words += (words.empty() ? "" : "; ") + more;
}

}  // namespace

TimedAttention timed_attention(const LayerGroup& group, const AttentionTable& table, const KernelsOfRun& kernels,
                               std::int64_t sequence) {
  TimedAttention timed;
  const TimedKernel* kernel = kernels.of(group, sequence).timed;
  const double heads = static_cast<double>(group.heads);
  for (const Pass pass : kPasses) {
    auto& seconds = pass == Pass::forward ? timed.seconds.forward : timed.seconds.backward;
    const AttentionLayer layer = attention_layer(group, sequence, pass);
    const TimeEstimate whole = table.time(layer, kernel);
    timed.basis = worst(timed.basis, whole.basis);
    timed.time += whole.time.value();
    timed.lo += whole.lo.value();
    timed.hi += whole.hi.value();
    seconds.fill(whole.time.value() / heads);
    if (std::holds_alternative<Moba>(layer.attention)) {
      auto& routing = pass == Pass::forward ? timed.seconds.forward_routing : timed.seconds.backward_routing;
      routing = table.routing_time(layer, kernel, whole.time).value() / heads;
    }
    if (std::holds_alternative<FullAttention>(layer.attention)) {
      set_pieces(layer, table, kernels, whole.time, seconds);
    }
  }
  return timed;
}

std::string attention_note(const ModelShape& model, const AttentionTable& table, const KernelsOfRun& kernels,
                           std::int64_t sequence) {
  std::string words;
  for (const LayerGroup& group : model.groups) {
    const LayerKernel kernel = kernels.of(group, sequence);
    if (kernel.math) continue;
    std::string of_group;
    for (const Pass pass : kPasses) {
      add_new(of_group, table.note(attention_layer(group, sequence, pass), kernel.timed));
    }
    add_new(words, of_group);
  }
  return words;
}

}  // namespace mobasim::step
