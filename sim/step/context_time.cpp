#include "sim/step/context_time.h"

#include <algorithm>

namespace mobasim::step {
namespace {

constexpr double kRowStatistic = 4;  // bytes of a log-sum-exp or of a row sum, f32

double seconds(const StepContext& context, const LayerSplitting& split, CollectiveKind kind, double bytes) {
  return split.constants[StackConstant::communication] *
         collective_time(kind, bytes, split.context_group, context.device->network);
}

// Keys and values of the whole sequence to every device, one after another or at once.
ContextTime of_keys_and_values(const StepContext& context, const LayerShape& layer, const LayerSplitting& split,
                               const PassTimes& attention) {
  const double bytes = 2 * layer.keys / split.tensor * split.tokens * split.context * context.element;
  ContextTime time;
  time.forward = seconds(context, split, CollectiveKind::all_gather, bytes);
  time.backward = time.forward + seconds(context, split, CollectiveKind::reduce_scatter, bytes);
  if (split.context_algorithm == ContextAlgorithm::ring) {
    time.forward = exposed(context, time.forward, at(attention.forward, TimePart::attention), split.context);
    time.backward = exposed(context, time.backward, at(attention.backward, TimePart::attention), split.context);
  }
  return time;
}

ContextTime of_queries(const StepContext& context, const LayerShape& layer, const LayerSplitting& split) {
  const double heads = layer.heads / split.tensor;
  const double picks = std::min(layer.picks * split.sequences / split.context, split.tokens * split.context) * heads;
  const double row = layer.head_dim * context.element;
  const auto exchange = [&](double bytes_per_pick) {
    return seconds(context, split, CollectiveKind::all_to_all, picks * bytes_per_pick);
  };
  const double mean_keys = layer.blocks * split.sequences * layer.keys / split.tensor * context.element;
  ContextTime time;
  time.queries_travel = true;
  time.forward =
      seconds(context, split, CollectiveKind::all_gather, mean_keys) + exchange(row) + exchange(row + kRowStatistic);
  time.backward = exchange(2 * row + 2 * kRowStatistic) + exchange(row);
  return time;
}

}  // namespace

ContextTime context_time(const StepContext& context, const LayerShape& layer, const LayerSplitting& split,
                         const PassTimes& attention) {
  if (split.context <= 1) return {};
  if (split.context_algorithm == ContextAlgorithm::ulysses) {
    const double values = (2 * layer.queries + 2 * layer.keys) / split.tensor * split.tokens * context.element;
    const double exchange = seconds(context, split, CollectiveKind::all_to_all, values);
    return {exchange, exchange, false};
  }
  const ContextTime keys = of_keys_and_values(context, layer, split, attention);
  if (!layer.routed) return keys;
  const ContextTime queries = of_queries(context, layer, split);
  return queries.forward + queries.backward < keys.forward + keys.backward ? queries : keys;
}

}  // namespace mobasim::step
