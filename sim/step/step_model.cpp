#include "sim/step/step_model.h"

#include <algorithm>
#include <cmath>

#include "sim/device/dtype.h"
#include "sim/parallel/pipeline.h"
#include "sim/parallel/stages.h"
#include "sim/step/data_time.h"
#include "sim/step/layer_time.h"
#include "sim/step/timed_attention.h"

namespace mobasim {
namespace {

using step::at;
using step::LayerShape;
using step::LayerSplitting;
using step::PassTimes;
using step::StepContext;
using step::total;

// A43: a kernel's own start on the device, which no neighbour hides.
constexpr double kKernelGap = 1e-6;

// What an evaluation keeps for the next: searches are of many, and nothing is allocated again.
struct Scratch {
  struct TimedChunk {
    Chunk chunk;
    std::size_t times = 0;  // entry of `times`
  };
  std::vector<PassTimes> layers, times;  // by group of layers; of chunks that differ
  std::vector<TimedChunk> chunks;
  PipelineWork work;
};

}  // namespace

struct StepModel::Prepared {
  StepContext context;
  StackConstants constants, least, most;
  std::array<Basis, kTimeParts> basis{};
  std::int64_t layers = 0;
  step::TimedAttention attention;  // of all layers that do not attend by gemms, without its seconds

  void set_model(const ModelShape& model, std::int64_t sequence);
  void set_layers(const ModelShape& model, const KernelsOfRun& kernels, std::int64_t sequence);
  void set_ranges();
  void set_bases();
  [[nodiscard]] LayerSplitting splitting(const Execution& execution, const StackConstants& factors) const;
  [[nodiscard]] PassTimes chunk(const Chunk& chunk, const std::vector<PassTimes>& per_layer,
                                const LayerSplitting& split) const;
  [[nodiscard]] bool like(const Chunk& chunk, const Chunk& other) const;
  void time_chunks(const Layout& layout, const LayerSplitting& split, Scratch& kept) const;
  void set_sends(const Layout& layout, const LayerSplitting& split, PipelineWork& work) const;
  [[nodiscard]] step::StageLoad first_stage(const Layout& layout, const LayerSplitting& split,
                                            const Scratch& kept) const;
};

std::string_view name(TimePart part) {
  constexpr std::array<std::string_view, kTimeParts> names{
      "matrix products", "attention", "routing",         "elementwise",  "launch",   "tensor exposed",
      "context exposed", "sends",     "pipeline bubble", "data exposed", "optimizer"};
  return names[static_cast<std::size_t>(part)];
}

// Counts of the model, and what they have to do with the stack.
void StepModel::Prepared::set_model(const ModelShape& model, std::int64_t sequence) {
  context.hidden = static_cast<double>(model.hidden);
  context.vocab = static_cast<double>(model.vocab);
  context.sequence = static_cast<double>(sequence);
  context.rotary = model.positions == 0;
  context.qk_norm = model.qk_norm || model.qk_norm_over_heads;
  context.bias = model.linear_bias;
  context.tied = model.tied_embeddings;
  const DeviceTables& device = *context.device;
  context.element = static_cast<double>(bytes_of(device.attention_dtype));
  context.narrow = device.attention_dtype != device.dtype;
  context.update_bytes = step::update_bytes(device.attention_dtype, context.stack);
  context.embedding_parameters = context.hidden * (context.vocab + static_cast<double>(model.positions));
  context.head_parameters = context.hidden * context.vocab;
  layers = mobasim::layers(model);
}

// The layers, and how long their attention takes.
void StepModel::Prepared::set_layers(const ModelShape& model, const KernelsOfRun& kernels, std::int64_t sequence) {
  context.layers.reserve(model.groups.size());
  for (const LayerGroup& group : model.groups) {
    LayerShape layer = step::layer_shape(model, group, sequence);
    layer.math = kernels.of(group, sequence).math;
    if (!layer.math) {
      const step::TimedAttention timed = step::timed_attention(group, context.device->attention, kernels, sequence);
      layer.attention = timed.seconds;
      attention.basis = worst(attention.basis, timed.basis);
      const auto layers_here = static_cast<double>(group.layers);
      attention.time += layers_here * timed.time;
      attention.lo += layers_here * timed.lo;
      attention.hi += layers_here * timed.hi;
    }
    context.layers.push_back(layer);
  }
}

// The ends of what each constant's operations rest on.
void StepModel::Prepared::set_ranges() {
  least = most = constants;
  const auto range = [&](StackConstant which, double least_factor, double most_factor) {
    const auto i = static_cast<std::size_t>(which);
    least.factor[i] = constants.factor[i] * least_factor;
    most.factor[i] = constants.factor[i] * most_factor;
  };
  const auto efficiency = [&](StackConstant which, const Efficiency& of) {
    range(which, of.value / of.hi, of.value / of.lo);
  };
  efficiency(StackConstant::gemm, context.device->assumed_gemm);
  efficiency(StackConstant::memory_bound, context.device->memory_bound);
  efficiency(StackConstant::communication, context.device->collective);
  if (attention.time > 0) {
    range(StackConstant::attention, attention.lo / attention.time, attention.hi / attention.time);
  }
}

void StepModel::Prepared::set_bases() {
  const DeviceTables& device = *context.device;
  const auto rests = [&](TimePart part, Basis on) { basis[static_cast<std::size_t>(part)] = on; };
  const bool inside = std::all_of(context.layers.begin(), context.layers.end(),
                                  [&](const LayerShape& layer) { return step::gemms_measured(context, layer); });
  const bool beyond = device.gemm.measured && !inside;
  rests(TimePart::gemm, beyond ? worst(device.gemm.basis, Basis::extrapolated) : device.gemm.basis);
  rests(TimePart::attention, attention.time > 0 ? attention.basis : device.head_gemm.basis);
  rests(TimePart::routing, attention.basis);
  rests(TimePart::elementwise, device.memory_bound.basis);
  rests(TimePart::optimizer, device.memory_bound.basis);
  rests(TimePart::launch, Basis::assumed);
  for (const TimePart part : {TimePart::tensor, TimePart::context, TimePart::pipeline, TimePart::data}) {
    rests(part, device.collective.basis);
  }
}

StepModel::StepModel(const ModelShape& model, std::shared_ptr<const DeviceTables> tables, const Stack& stack,
                     const KernelsOfRun& kernels, std::int64_t sequence)
    : prepared_(std::make_unique<Prepared>()) {
  prepared_->context.device = std::move(tables);
  prepared_->context.stack = stack.policy;
  prepared_->constants = stack.constants;
  prepared_->set_model(model, sequence);
  prepared_->set_layers(model, kernels, sequence);
  prepared_->set_ranges();
  prepared_->set_bases();
}

StepModel::~StepModel() = default;
StepModel::StepModel(StepModel&&) noexcept = default;
StepModel& StepModel::operator=(StepModel&&) noexcept = default;

LayerSplitting StepModel::Prepared::splitting(const Execution& execution, const StackConstants& factors) const {
  const Layout& layout = execution.layout;
  LayerSplitting split;
  split.sequences = static_cast<double>(execution.microbatch);
  split.tokens = split.sequences * context.sequence / static_cast<double>(layout.context);
  split.tensor = static_cast<double>(layout.tensor);
  split.context = static_cast<double>(layout.context);
  split.sequence_parallel = layout.sequence_parallel && layout.tensor > 1;
  split.context_algorithm = layout.context_algorithm;
  const std::int64_t node = occupied(devices(layout), context.device->network.devices_per_node);
  split.tensor_group = group_of(layout.tensor, 1, node);
  split.context_group = group_of(layout.context, layout.tensor, node);
  split.recompute = execution.recompute;
  split.constants = factors;
  return split;
}

PassTimes StepModel::Prepared::chunk(const Chunk& chunk, const std::vector<PassTimes>& per_layer,
                                     const LayerSplitting& split) const {
  PassTimes sum;
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < per_layer.size(); ++i) {
    const std::int64_t end = begin + context.layers[i].layers;
    const std::int64_t mine = std::min(end, chunk.first_layer + chunk.layers) - std::max(begin, chunk.first_layer);
    if (mine > 0) add(sum, per_layer[i], static_cast<double>(mine));
    begin = end;
  }
  if (chunk.embedding) add(sum, embedding_time(context, split));
  if (chunk.head) add(sum, head_time(context, split));
  // The device waits where the host issues slower than the kernels run; the host may run ahead over both passes.
  const double kernels = sum.forward_kernels + sum.backward_kernels;
  const double issue = context.stack.issue_time * split.constants[StackConstant::overhead];
  const double busy = total(sum.forward) + total(sum.backward) + kernels * kKernelGap;
  const double pause =  // A67
      context.stack.microbatch_time * split.constants[StackConstant::overhead];
  const double wait = std::max(kernels * issue - busy, 0.0) + kernels * kKernelGap + pause;
  at(sum.forward, TimePart::launch) += wait * sum.forward_kernels / kernels;
  at(sum.backward, TimePart::launch) += wait * sum.backward_kernels / kernels;
  return sum;
}

StepTime StepModel::time(std::int64_t global_batch, const Execution& execution) const {
  return time(global_batch, execution, prepared_->constants);
}

// Whether two chunks hold the same layers, without the ends of the model.
bool StepModel::Prepared::like(const Chunk& chunk, const Chunk& other) const {
  if (chunk.layers != other.layers || chunk.embedding || chunk.head || other.embedding || other.head) return false;
  std::int64_t begin = 0;
  for (const LayerShape& layer : context.layers) {
    const std::int64_t end = begin + layer.layers;
    if (begin <= other.first_layer && chunk.first_layer + chunk.layers <= end) return true;
    begin = end;
  }
  return false;
}

void StepModel::Prepared::time_chunks(const Layout& layout, const LayerSplitting& split, Scratch& kept) const {
  kept.layers.clear(), kept.times.clear(), kept.chunks.clear(), kept.work.chunks.clear();
  for (const LayerShape& layer : context.layers) kept.layers.push_back(step::layer_time(context, layer, split));
  const bool apart = layout.schedule == PipelineSchedule::zero_bubble_h1;
  const std::int64_t count = layout.pipeline * layout.virtual_stages;
  const ChunkSplit chunks(layers, count);
  for (std::int64_t i = 0; i < count; ++i) {
    const Chunk one = chunks.at(i);
    if (i > 0 && like(one, kept.chunks.back().chunk)) {
      kept.chunks.push_back({one, kept.times.size() - 1});
      kept.work.chunks.push_back(kept.work.chunks.back());
      continue;
    }
    const PassTimes& times = kept.times.emplace_back(chunk(one, kept.layers, split));
    kept.chunks.push_back({one, kept.times.size() - 1});
    const double weight_gradient = apart ? times.weight_gradient : 0;
    kept.work.chunks.push_back({total(times.forward), total(times.backward) - weight_gradient, weight_gradient});
  }
}

void StepModel::Prepared::set_sends(const Layout& layout, const LayerSplitting& split, PipelineWork& work) const {
  const double sent = split.tokens * context.hidden * context.element /
                      (split.sequence_parallel || layout.virtual_stages > 1 ? split.tensor : 1);
  const Group neighbours =
      group_of(std::min<std::int64_t>(layout.pipeline, 2), layout.tensor * layout.context * layout.data,
               occupied(devices(layout), context.device->network.devices_per_node));
  work.send = split.constants[StackConstant::communication] *
              collective_time(CollectiveKind::send, sent, neighbours, context.device->network);
  work.send_blocks = !context.stack.overlap_pipeline;
}

step::StageLoad StepModel::Prepared::first_stage(const Layout& layout, const LayerSplitting& split,
                                                 const Scratch& kept) const {
  step::StageLoad first;
  first.microbatches = static_cast<double>(kept.work.microbatches);
  for (std::size_t i = 0; i < kept.chunks.size(); i += static_cast<std::size_t>(layout.pipeline)) {
    const auto& [chunk, times] = kept.chunks[i];
    first.layers += static_cast<double>(chunk.layers);
    first.forward += total(kept.times[times].forward);
    first.backward += total(kept.times[times].backward);
    if (chunk.embedding) first.parameters += context.embedding_parameters / split.tensor;
    if (chunk.head && !context.tied) first.parameters += context.head_parameters / split.tensor;
  }
  for (const LayerShape& layer : context.layers) {  // A46: the first stage's layers are as the model's average
    const double share = static_cast<double>(layer.layers) / static_cast<double>(layers);
    first.parameters += share * layer.parameters * first.layers / split.tensor;
    first.layer_parameters = std::max(first.layer_parameters, layer.parameters / split.tensor);
  }
  return first;
}

StepTime StepModel::time(std::int64_t global_batch, const Execution& execution, const StackConstants& constants) const {
  const StepContext& context = prepared_->context;
  const Layout& layout = execution.layout;
  const LayerSplitting split = prepared_->splitting(execution, constants);
  thread_local Scratch kept;
  prepared_->time_chunks(layout, split, kept);
  PipelineWork& work = kept.work;
  work.schedule = layout.virtual_stages > 1 ? PipelineSchedule::interleaved : layout.schedule;
  work.stages = layout.pipeline;
  work.virtual_stages = layout.virtual_stages;
  work.microbatches = mobasim::microbatches(execution, global_batch);
  prepared_->set_sends(layout, split, work);
  const PipelineTime pipeline = pipeline_time(work);

  StepTime step;
  const auto microbatches = static_cast<double>(work.microbatches);
  for (auto i = static_cast<std::size_t>(pipeline.slowest_stage); i < kept.chunks.size();
       i += static_cast<std::size_t>(layout.pipeline)) {
    const PassTimes& times = kept.times[kept.chunks[i].times];
    for (std::size_t part = 0; part < kTimeParts; ++part) {
      step.seconds[part] += microbatches * (times.forward[part] + times.backward[part]);
    }
  }
  const step::StageLoad first = prepared_->first_stage(layout, split, kept);
  step[TimePart::pipeline] = pipeline.sends;
  step[TimePart::bubble] = pipeline.time - pipeline.work - pipeline.sends;
  step[TimePart::data] = step::exposed_data_time(context, first, layout, constants[StackConstant::communication]);
  step[TimePart::optimizer] =
      step::optimizer_time(context, first, layout, execution.offload_optimizer, constants[StackConstant::memory_bound]);
  return step;
}

LayerTime StepModel::layer_time(const Execution& execution, std::size_t group) const {
  const LayerSplitting split = prepared_->splitting(execution, constants());
  const PassTimes times = step::layer_time(prepared_->context, prepared_->context.layers.at(group), split);
  return {{times.forward}, {times.backward}};
}

double StepModel::roofline(std::int64_t global_batch, const Execution& execution) const {
  const StepContext& context = prepared_->context;
  const double tokens = static_cast<double>(global_batch) * context.sequence;
  const bool again = execution.recompute == Recompute::full && !context.stack.stops_early;
  const double passes = again ? 4 : 3;
  double flops = 0;
  for (const LayerShape& layer : context.layers) {
    flops += passes * 2 * tokens * static_cast<double>(layer.layers) * layer.matrix_values;
  }
  const double head = 3 * 2 * tokens * context.hidden * context.vocab;
  return (flops / context.device->peak + head / context.device->head_peak) /
         static_cast<double>(devices(execution.layout));
}

bool StepModel::queries_travel(const Execution& execution) const {
  const LayerSplitting split = prepared_->splitting(execution, constants());
  const std::vector<LayerShape>& layers = prepared_->context.layers;
  return std::any_of(layers.begin(), layers.end(), [&](const LayerShape& layer) {
    return step::layer_time(prepared_->context, layer, split).queries_travel;
  });
}

const StackConstants& StepModel::constants() const { return prepared_->constants; }
const StackConstants& StepModel::least_constants() const { return prepared_->least; }
const StackConstants& StepModel::most_constants() const { return prepared_->most; }
Basis StepModel::basis(TimePart part) const { return prepared_->basis[static_cast<std::size_t>(part)]; }

}  // namespace mobasim
