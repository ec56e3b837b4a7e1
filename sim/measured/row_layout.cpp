#include "sim/measured/row_layout.h"

#include <fmt/format.h>

#include <cmath>

namespace mobasim {
namespace {

constexpr std::int64_t kMost = 100000000;

// One device of the published tables' NVL72 racks is often left out: 256 devices are 4 x 64.
std::int64_t devices_per_node(RowReader& row, std::int64_t devices) {
  const std::int64_t stated = row.count("gpus_per_node", kMost).value_or(0);
  if (stated == 0 || devices <= stated || devices % stated == 0) return stated;
  std::int64_t used = stated;
  while (devices % used != 0) --used;
  row.note(fmt::format("{} devices are no multiple of {} a node: {} used of each", devices, stated, used));
  return used;
}

struct Split {
  std::optional<std::int64_t> tensor, pipeline, context, data;
};

// FSDP splits by data alone where its row says nothing else.
bool is_sharded_data_parallel(const MeasuredRun& run) {
  return contains_any(lower_case(run.framework), {"fsdp", "composer", "torchtitan", "hf +", "zero"});
}

// The one of tensor and pipeline that is missing beside the others, where that is a whole number.
void derive_missing(const MeasuredRun& run, Split& split) {
  if (!split.data || split.tensor.has_value() == split.pipeline.has_value()) return;
  std::optional<std::int64_t>& missing = split.tensor ? split.pipeline : split.tensor;
  const std::int64_t other = split.tensor ? *split.tensor : *split.pipeline;
  const double rest = static_cast<double>(run.devices) / static_cast<double>(other) /
                      static_cast<double>(split.context.value_or(1)) / static_cast<double>(*split.data);
  if (rest >= 1 && rest == std::floor(rest)) missing = static_cast<std::int64_t>(rest);
}

void set_split(RowReader& row, MeasuredRun& run, Split split) {
  derive_missing(run, split);
  Layout& layout = run.execution.layout;
  layout.context = split.context.value_or(1);
  if (!split.tensor && (split.pipeline || is_sharded_data_parallel(run))) split.tensor = 1;
  if (!split.pipeline && (split.tensor || is_sharded_data_parallel(run))) split.pipeline = 1;
  if (!split.tensor || !split.pipeline) {
    run.free.split = true;
    row.note("tensor, pipeline and data parallelism not published");
    layout.data = std::max<std::int64_t>(1, run.devices / layout.context);
    return;
  }
  layout.tensor = *split.tensor;
  layout.pipeline = *split.pipeline;
  const double others =
      static_cast<double>(layout.tensor) * static_cast<double>(layout.pipeline) * static_cast<double>(layout.context);
  const double data = static_cast<double>(run.devices) / others;
  if (data < 1 || data != std::floor(data)) {
    row.refuse(fmt::format("tensor {} x pipeline {} x context {} does not divide {} devices", layout.tensor,
                           layout.pipeline, layout.context, run.devices));
    return;
  }
  layout.data = static_cast<std::int64_t>(data);
  if (split.data && *split.data != layout.data) {
    row.note(fmt::format("the table's data parallelism of {} contradicts its {} devices: {} taken", *split.data,
                         run.devices, layout.data));
  }
}

// More replicas than sequences: devices share a sequence instead, if that comes out even.
void give_every_replica_a_sequence(RowReader& row, MeasuredRun& run) {
  Layout& layout = run.execution.layout;
  const std::int64_t most = run.workload.global_batch / run.execution.microbatch;
  if (run.free.split || layout.data <= most || most < 1 || layout.data % most != 0) return;
  const std::int64_t context = layout.context * (layout.data / most);
  row.note(fmt::format("{} replicas for {} sequences: context {} taken instead of {}", layout.data,
                       run.workload.global_batch, context, layout.context));
  layout.context = context;
  layout.data = most;
}

// A batch that is off by less than a hundredth is rounded, as the run did in one way or another.
void settle_batch(RowReader& row, MeasuredRun& run) {
  constexpr double kLittle = 0.01;
  Workload& workload = run.workload;
  const std::int64_t share = run.execution.layout.data * run.execution.microbatch;
  if (run.free.split || workload.global_batch % share == 0) return;
  const std::int64_t rounded = (workload.global_batch + share / 2) / share * share;
  const double change = static_cast<double>(rounded) / static_cast<double>(workload.global_batch) - 1;
  if (rounded > 0 && std::abs(change) <= kLittle) {
    row.note(fmt::format("global batch {} rounded to {}", workload.global_batch, rounded));
    workload.global_batch = rounded;
    return;
  }
  row.refuse(fmt::format("global batch {} is no multiple of data {} x microbatch {}", workload.global_batch,
                         run.execution.layout.data, run.execution.microbatch));
}

void read_pipeline(RowReader& row, MeasuredRun& run) {
  Layout& layout = run.execution.layout;
  const auto schedule = schedule_of(row.text("kernel_notes"), run.framework);
  if (!schedule.known) row.refuse(schedule.note);
  layout.schedule = schedule.value;
  const auto chunks = row.count("vpp", kMost);
  if (layout.pipeline == 1) {
    layout.schedule = PipelineSchedule::one_forward_one_backward;
    return;
  }
  layout.virtual_stages = chunks.value_or(1);
  if (!chunks) {
    run.free.virtual_stages =
        schedule.value == PipelineSchedule::one_forward_one_backward || schedule.value == PipelineSchedule::interleaved;
    row.note("chunks of layers per stage not published");
  }
  if (layout.virtual_stages > 1) layout.schedule = PipelineSchedule::interleaved;
  if (chunks == 1 && layout.schedule == PipelineSchedule::interleaved) {
    row.note("said to be interleaved with one chunk a stage: 1F1B taken");
    layout.schedule = PipelineSchedule::one_forward_one_backward;
  }
  if (layout.pipeline > layers(run.model) || layout.virtual_stages > layers(run.model) / layout.pipeline + 1) {
    row.refuse(fmt::format("{} layers cannot be split over {} stages of {} chunks", layers(run.model), layout.pipeline,
                           layout.virtual_stages));
  }
}

void read_sharding(RowReader& row, MeasuredRun& run) {
  const std::string remarks = row.text("kernel_notes") + " " + row.text("uncertain") + " " + row.text("notes");
  const auto sharding = sharding_of(row.text("zero"), run.framework, remarks);
  if (!sharding.known) row.refuse(sharding.note);
  if (sharding.known) row.note(sharding.note);
  run.execution.layout.zero_stage = sharding.value.zero_stage;
  run.execution.offload_optimizer = sharding.value.offload_optimizer;
  const std::int64_t node = run.devices_per_node > 0 ? run.devices_per_node : 8;
  if (!sharding.value.shard_in_node || run.execution.layout.zero_stage == 0 || replicas(run.execution.layout) <= node)
    return;
  run.execution.layout.shard = node;
  run.free.shard = true;
  row.note("states shared by a node (HSDP), by all where they do not fit");
}

}  // namespace

void read_layout(RowReader& row, MeasuredRun& run) {
  Layout& layout = run.execution.layout;
  run.devices_per_node = devices_per_node(row, run.devices);
  const Split split{row.count("tp", kMost), row.count("pp", kMost), row.count("cp", kMost), row.count("dp", kMost)};
  if (row.refused()) return;
  set_split(row, run, split);
  const auto microbatch = row.count("mbs", kMost);
  run.free.microbatch = !microbatch.has_value();
  if (run.free.microbatch) row.note("microbatch not published");
  run.execution.microbatch = microbatch.value_or(1);
  if (row.refused()) return;
  give_every_replica_a_sequence(row, run);
  settle_batch(row, run);
  layout.sequence_parallel = row.flag("sp").value_or(false) && (layout.tensor > 1 || run.free.split);
  if (layout.context > 1) {
    const auto algorithm = context_algorithm_of(row.text("kernel_notes"), run.framework);
    layout.context_algorithm = algorithm.value;
    row.note(algorithm.note);
  }
  read_pipeline(row, run);
  read_sharding(row, run);
}

}  // namespace mobasim
