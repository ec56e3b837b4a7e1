#include "sim/measured/measured_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/base/text.h"
#include "sim/measured/row_layout.h"
#include "sim/measured/row_reader.h"

namespace mobasim {
namespace {

constexpr double kGiga = 1e9, kGibi = 1073741824.0, kTera = 1e12;

bool is_gated(RowReader& row, const std::string& name) {
  if (const auto gated = row.flag("glu")) return *gated;
  const bool known = contains_any(lower_case(name), {"llama", "mistral", "qwen", "gemma", "deepseek"});
  row.note(known ? "gated feed-forward, as its name says" : "feed-forward not published: two matrices");
  return known;
}

LayerGroup layer_group(RowReader& row, const ModelShape& model, bool gated) {
  LayerGroup group;
  group.layers = row.required("layers", 100000);
  group.heads = row.required("heads", 1000000);
  group.kv_heads = row.count("kv_heads", 1000000).value_or(group.heads);
  group.gated = gated;
  const auto head_dim = row.count("head_dim", 1000000);
  if (!head_dim && group.heads > 0 && model.hidden % group.heads != 0) {
    row.refuse(
        fmt::format("hidden {} is no multiple of heads {}, and head_dim is not given", model.hidden, group.heads));
  }
  group.head_dim = head_dim.value_or(group.heads > 0 ? model.hidden / group.heads : 0);
  const auto ffn = row.count("ffn", 100000000);
  if (!ffn && gated) row.refuse("ffn is not given");
  if (!ffn && !gated) row.note("ffn not published: 4 x hidden");
  group.ffn = ffn.value_or(4 * model.hidden);
  return group;
}

// Sliding windows in every layer or in every second one, the first among them.
std::vector<LayerGroup> layer_groups(const LayerGroup& group, const AttentionWords& words) {
  if (words.window == 0) return {group};
  LayerGroup windowed = group;
  windowed.attention = SlidingWindow{words.window};
  if (!words.alternate) return {windowed};
  std::vector<LayerGroup> groups;
  for (std::int64_t layer = 0; layer < group.layers; ++layer) {
    groups.push_back(layer % 2 == 0 ? windowed : group);
    groups.back().layers = 1;
  }
  return groups;
}

void read_model(RowReader& row, MeasuredRun& run) {
  ModelShape& model = run.model;
  model.name = row.text("model").empty() ? run.id : row.text("model");
  model.source = run.source;
  const std::string experts = trimmed(row.text("moe"));
  const bool dense = experts.empty() || experts == "0" || lower_case(experts) == "none" || lower_case(experts) == "no";
  if (!dense) row.refuse(kExpertsNotModelled);
  const bool gated = is_gated(row, model.name);
  const AttentionWords attention = attention_of_words(row.text("attn"), gated);
  if (!attention.not_modelled.empty()) row.refuse(attention.not_modelled);
  model.hidden = row.required("hidden", 100000000);
  model.vocab = row.required("vocab", 1000000000);
  model.tied_embeddings = row.flag("tied_emb").value_or(!gated);
  model.norm = gated ? Norm::rms_norm : Norm::layer_norm;
  model.linear_bias = !gated;
  model.groups = layer_groups(layer_group(row, model, gated), attention);
  if (attention.learned_positions) model.positions = run.workload.sequence;
  if (row.refused()) return;
  for (const std::string& violation : violations(model)) row.refuse(violation);
}

void read_workload(RowReader& row, MeasuredRun& run) {
  Workload& workload = run.workload;
  workload.sequence = row.required("seq", 1000000000);
  workload.global_batch = row.required("gbs", 1000000000);
  workload.tokens = static_cast<double>(workload.sequence) * static_cast<double>(workload.global_batch);
  const auto recompute = recompute_of(row.text("recompute"), workload.sequence);
  run.execution.recompute = recompute.value;
  run.free.recompute = !recompute.known;
  // Megatron-Core recomputes as many layers as it is told to; elsewhere it is a switch, unless the row says otherwise.
  run.free.recompute_in_part = contains_any(lower_case(row.text("recompute")), {"partial"}) ||
                               (contains_any(lower_case(run.framework), {"megatron", "nemo"}) &&
                                !contains_any(lower_case(run.framework), {"automodel"}));
  row.note(recompute.note);
  const std::string precision = trimmed(row.text("precision"));
  const auto dtype = dtype_of_precision(precision.empty() ? "bf16" : precision);
  if (precision.empty()) row.note("precision not published: bf16");
  if (!dtype) row.refuse(fmt::format("precision '{}' is not understood", precision));
  workload.dtype = dtype.value_or("bf16");
  if (workload.dtype == "fp8" && contains_any(lower_case(precision), {"rowwise"})) {  // A77
    workload.dtype = "bf16";
    row.note("fp8 with a scale per row: taken as bf16, which published runs of it are as fast as");
  }
}

// The time of a step in whatever form the row states it.
void read_time(RowReader& row, MeasuredRun& run) {
  const double devices = static_cast<double>(run.devices);
  if (const auto rate = row.positive("tflops_per_gpu")) run.stated_flops = *rate * kTera;
  const std::string text = trimmed(row.text("tflops_def"));
  run.convention = convention_of(text, run.framework, trimmed(row.text("notes")));
  if (const auto seconds = row.positive("iter_time_s")) {
    run.time = seconds;
    run.time_from = "iter_time_s";
  } else if (const auto tokens = row.positive("tokens_per_s_per_gpu")) {
    run.time = run.workload.tokens / (*tokens * devices);
    run.time_from = "tokens_per_s_per_gpu";
  } else if (run.stated_flops && !run.convention) {
    row.refuse(fmt::format("the row states only TFLOP/s, and what it counts is not understood: '{}'", text));
  } else if (run.stated_flops && !row.refused()) {
    run.time =
        time_from_rate(*run.convention, run.model, run.workload, run.execution.recompute, devices, *run.stated_flops);
    run.time_from = fmt::format("tflops_per_gpu ({})", name(*run.convention));
  }
}

void read_memory(RowReader& row, MeasuredRun& run) {
  if (const auto memory = row.positive("mem_GiB")) run.memory = *memory * kGibi;
  run.memory_kind = trimmed(row.text("mem_kind"));
}

MeasuredRun measured_run(const CsvTable& table, const ColumnPlaces& places, std::size_t index) {
  RowReader row(table, places, index);
  MeasuredRun run;
  run.id = row.text("id");
  run.source = row.text("source");
  run.group = row.text("group").empty() ? run.source : row.text("group");
  run.framework = row.text("framework");
  run.gpu = row.text("gpu");
  if (const auto bandwidth = row.positive("nic_GBps_per_gpu")) run.network_bandwidth = *bandwidth * kGiga;
  run.devices = row.required("n_gpus", 100000000);
  run.changes = stack_changes_of(row.text("kernel_notes"), row.text("precision"));
  read_workload(row, run);
  read_model(row, run);
  if (!row.refused()) read_layout(row, run);
  read_time(row, run);
  read_memory(row, run);
  run.notes = row.notes();
  run.reason = joined(row.reasons(), "; ");
  return run;
}

}  // namespace

std::vector<MeasuredRun> measured_runs_from(const CsvTable& table) {
  const ColumnPlaces places = column_places(table);
  std::vector<MeasuredRun> runs;
  runs.reserve(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) runs.push_back(measured_run(table, places, row));
  return runs;
}

}  // namespace mobasim
