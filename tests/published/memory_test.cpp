// Published memory of training runs, beside what the closed form says of them. Nothing was fitted to them.
// MOBASIM_REFERENCE_DATA names the folder that holds runs/measured_runs.csv; without it the tests are skipped.
#include "sim/memory.h"

#include <cmath>
#include <functional>

#include "sim/base/csv.h"
#include "tests/catch.h"

using namespace mobasim;

namespace {

constexpr double kGiB = 1024.0 * 1024 * 1024;

// A row of the published runs, by the names of its columns.
struct PublishedRow {
  const CsvTable& table;
  std::size_t row;
  [[nodiscard]] std::string text(std::string_view column) const {
    return std::string(table.text(row, table.column(column)));
  }
  [[nodiscard]] std::int64_t count(std::string_view column) const {
    return table.whole_number(row, table.column(column));
  }
};

ModelShape model_of(const PublishedRow& row) {
  ModelShape model;
  model.name = row.text("model");
  model.hidden = row.count("hidden");
  model.vocab = row.count("vocab");
  model.tied_embeddings = row.count("tied_emb") == 1;
  LayerGroup group;
  group.layers = row.count("layers");
  group.heads = row.count("heads");
  group.kv_heads = row.count("kv_heads");
  group.head_dim = static_cast<std::int64_t>(std::llround(std::stod(row.text("head_dim"))));
  group.ffn = row.count("ffn");
  group.gated = row.count("glu") == 1;
  model.norm = group.gated ? Norm::rms_norm : Norm::layer_norm;
  model.linear_bias = !group.gated;
  model.groups = {group};
  return model;
}

Workload workload_of(const PublishedRow& row) {
  Workload workload;
  workload.sequence = row.count("seq");
  workload.global_batch = row.count("gbs");
  workload.microbatch = row.text("mbs").empty() ? 1 : row.count("mbs");
  const std::string recompute = row.text("recompute"), precision = row.text("precision");
  if (recompute.starts_with("full")) workload.recompute = Recompute::full;
  if (recompute.starts_with("selective")) workload.recompute = Recompute::selective;
  if (precision.starts_with("fp16")) workload.dtype = "fp16";
  if (precision.starts_with("float8")) workload.dtype = "fp8";
  workload.offload_optimizer = row.text("zero").find("offload") != std::string::npos;
  return workload;
}

Layout layout_of(const PublishedRow& row) {
  Layout layout;
  layout.tensor = row.count("tp");
  layout.sequence_parallel = row.count("sp") == 1;
  layout.pipeline = row.count("pp");
  layout.virtual_stages = row.count("vpp");
  if (layout.virtual_stages > 1) layout.schedule = PipelineSchedule::interleaved;
  layout.data = row.count("dp");
  layout.context = row.count("cp");
  layout.zero_stage = std::stoi(row.text("zero").substr(0, 1));
  return layout;
}

// Megatron-Core with TransformerEngine: its cross-entropy writes the gradient over the logits.
StackProfile megatron_core(const PublishedRow&) {
  StackProfile stack;
  stack.fused_loss = stack.transformer_engine = true;
  return stack;
}

struct Comparison {
  std::int64_t rows = 0;
  double mean = 0, largest = 0;  // of |predicted / measured - 1|
};

// Of the rows of a group that print their memory and have no experts. `unit`: bytes of the printed figure.
Comparison compared(const std::string& group, double unit, const std::string& attention,
                    const std::function<StackProfile(const PublishedRow&)>& stack_of) {
  const char* folder = std::getenv("MOBASIM_REFERENCE_DATA");
  if (folder == nullptr) MOBASIM_SKIP("MOBASIM_REFERENCE_DATA is not set");
  const CsvTable table = CsvTable::read(std::filesystem::path(folder) / "runs" / "measured_runs.csv");
  Comparison found;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const PublishedRow row{table, i};
    if (row.text("group") != group || row.text("mem_GiB").empty() || !row.text("moe").empty()) continue;
    const Workload workload = workload_of(row);
    const MemoryModel model(model_of(row), stack_of(row), attention, "", workload.dtype, workload.sequence);
    const MemoryUse use = model.worst(workload, layout_of(row));
    const double measured = std::stod(row.text("mem_GiB"));
    const double error = use.total() / unit / measured - 1;
    INFO(row.text("id") << ": predicted " << use.total() / unit << ", published " << measured);
    CHECK(std::isfinite(error));
    ++found.rows;
    found.mean += std::abs(error);
    found.largest = std::max(found.largest, std::abs(error));
  }
  REQUIRE(found.rows > 0);
  found.mean /= static_cast<double>(found.rows);
  return found;
}

}  // namespace

TEST_CASE("Megatron-Core on B200: allocated memory within half a percent of what was measured") {
  const Comparison found = compared("simumax_b200", kGiB, "", megatron_core);
  CHECK(found.mean < 0.005);
  CHECK(found.largest < 0.005);
}
