#include "sim/step/data_time.h"

#include <algorithm>

#include "sim/memory/layer_memory.h"

namespace mobasim::step {
namespace {

// A44: gradients travel in so many pieces that the last, which nothing hides, is this share of them.
constexpr double kLastBucket = 1.0 / 20;
// A45: what the host's Adam moves per parameter in its own memory (16 bytes of states read and written, gradient,
// weight: 28 to 36), at this share of the memory bandwidth that belongs to one device.
constexpr double kHostBytes = 32;
constexpr double kHostRate = 25e9;

struct Replicas {
  Group shard, copies;  // devices that share one copy of the states; the copies of each share
};

Replicas replicas_of(const StepContext& context, const Layout& layout) {
  const std::int64_t shard = shard_devices(layout);
  const std::int64_t node = occupied(devices(layout), context.device->network.devices_per_node);
  return {group_of(shard, layout.tensor, node), group_of(replicas(layout) / shard, layout.tensor * shard, node)};
}

// Of a step whose weights are whole on each device: gradients after the last backward pass, weights before the next
// forward pass.
double whole_weights(const StepContext& context, const StageLoad& load, const Layout& layout, const Replicas& group,
                     double factor) {
  const StackPolicy& stack = context.stack;
  const auto seconds = [&](CollectiveKind kind, double bytes, const Group& members) {
    return factor * collective_time(kind, bytes, members, context.device->network);
  };
  const double gradients = load.parameters * static_cast<double>(stack.reduced_bytes);
  double reduction = 0, gathering = 0;
  if (layout.zero_stage == 0) {
    const Group all =
        group_of(replicas(layout), layout.tensor, occupied(devices(layout), context.device->network.devices_per_node));
    reduction = seconds(CollectiveKind::all_reduce, gradients, all);
  } else {
    const auto share = static_cast<double>(group.shard.size);
    reduction = seconds(CollectiveKind::reduce_scatter, gradients, group.shard) +
                seconds(CollectiveKind::all_reduce, gradients / share, group.copies);
    gathering = seconds(CollectiveKind::all_gather, load.parameters * context.element, group.shard);
  }
  const double times = stack.reduce_each_microbatch || layout.zero_stage == 2 ? load.microbatches : 1;
  const auto cost = [&](bool overlapped, double communication, double window) {
    if (!overlapped) return communication;
    return beside(stack, communication, std::min(window, communication * (1 - kLastBucket)));
  };
  return times * cost(stack.overlap_data, reduction, load.backward) +
         cost(stack.overlap_weights, gathering, load.forward);
}

// Of a step whose weights are gathered layer by layer, one layer ahead of the computation.
double sharded_weights(const StepContext& context, const StageLoad& load, const Replicas& group, double factor) {
  const StackPolicy& stack = context.stack;
  const auto seconds = [&](CollectiveKind kind, double bytes, const Group& members) {
    return factor * collective_time(kind, bytes, members, context.device->network);
  };
  const double gather = seconds(CollectiveKind::all_gather, load.layer_parameters * context.element, group.shard);
  const double gradients = load.layer_parameters * static_cast<double>(stack.reduced_bytes);
  const double reduce =
      seconds(CollectiveKind::reduce_scatter, gradients, group.shard) +
      seconds(CollectiveKind::all_reduce, gradients / static_cast<double>(group.shard.size), group.copies);
  const double layers = std::max(load.layers, 1.0);
  const double forward = load.forward / layers, backward = load.backward / layers;
  const auto hidden = [&](double communication, double window) {
    return stack.overlap_weights ? beside(stack, communication, window) : communication;
  };
  const double reductions = stack.reduce_each_microbatch ? load.microbatches : 1;
  const double forward_exposed = gather + layers * hidden(gather, forward);
  const double backward_exposed = layers * hidden(gather, backward);
  const double reducing_exposed = layers * hidden(gather + reduce, backward) + reduce;
  return load.microbatches * forward_exposed + (load.microbatches - reductions) * backward_exposed +
         reductions * reducing_exposed;
}

}  // namespace

double exposed_data_time(const StepContext& context, const StageLoad& load, const Layout& layout, double factor) {
  if (replicas(layout) <= 1) return 0;
  const Replicas group = replicas_of(context, layout);
  return layout.zero_stage >= 3 ? sharded_weights(context, load, group, factor)
                                : whole_weights(context, load, layout, group, factor);
}

double update_bytes(std::string_view dtype, const StackPolicy& stack) {
  const StateBytesPerParameter states = state_bytes_per_parameter(dtype, stack);
  const bool own_master = states.weight == 4;
  return states.gradient + 2 * states.optimizer + (own_master ? 2 : 1) * states.weight;
}

double optimizer_time(const StepContext& context, const StageLoad& load, const Layout& layout, bool offload,
                      double memory_factor) {
  const double share = layout.zero_stage >= 1 ? static_cast<double>(shard_devices(layout)) : 1;
  const double mine = load.parameters / share;
  if (offload) {
    const double carried = mine * (static_cast<double>(context.stack.gradient_bytes) + context.element);
    return carried / context.device->host_rate + mine * kHostBytes / kHostRate;
  }
  return memory_factor * mine * context.update_bytes / context.device->memory_rate;
}

}  // namespace mobasim::step
