// mobasim plan, driven as a person would.
#include <string>
#include <vector>

#include "sim/base/csv.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::plan_test {
namespace {

// The one row that plan prints, by column.
class PlanRow {
 public:
  explicit PlanRow(const std::vector<std::string>& arguments) {
    const ScratchFolder folder;
    outcome_ = outcome_of_program(arguments, folder.path());
    INFO(outcome_.err);
    REQUIRE(outcome_.exit_code == 0);
    table_ = CsvTable::from_text(outcome_.out, "stdout");
    REQUIRE(table_.rows() == 1);
  }
  [[nodiscard]] double number(const std::string& column) const { return table_.number(0, table_.column(column)); }
  [[nodiscard]] std::string text(const std::string& column) const {
    return std::string(table_.text(0, table_.column(column)));
  }
  [[nodiscard]] const std::string& messages() const { return outcome_.err; }

 private:
  Outcome outcome_;
  CsvTable table_;
};

TEST_CASE("plan prints one row, and its numbers hang together") {
  const PlanRow row({"plan", "moba-1.5b-32k"});
  CHECK(row.text("model") == "moba-1.5b");
  CHECK(row.text("device") == "h100-sxm");
  CHECK(row.text("attention") == "moba(block=512, top_k=3)");
  CHECK(row.text("fits") == "true");
  CHECK(row.text("basis") == "published");
  CHECK(row.number("step_time_lo_s") < row.number("step_time_s"));
  CHECK(row.number("step_time_s") < row.number("step_time_hi_s"));
  CHECK(row.number("gpu_hours") == Approx(row.number("run_time_s") * 64 / 3600));
  CHECK(row.number("price_usd") == Approx(row.number("gpu_hours") * 2.5));
  CHECK(row.number("mfu") == Approx(row.number("step_model_flops") / (64 * 989e12) / row.number("step_time_s")));
  CHECK(row.number("run_model_flops") == Approx(row.number("step_model_flops") * row.number("steps")));
  CHECK(row.number("peak_memory_bytes") < row.number("device_memory_bytes"));
}

TEST_CASE("plan's flags stand in for the file") {
  const PlanRow moba({"plan", "moba-1.5b-32k", "--price", "1 $/h"});
  const PlanRow full({"plan", "moba-1.5b-32k", "--attention", "full", "--device", "a100-sxm"});
  CHECK(moba.number("price_usd") == Approx(moba.number("gpu_hours")));
  CHECK(full.text("attention") == "full");
  CHECK(full.text("device") == "a100-sxm");
  CHECK(full.number("step_model_flops") > moba.number("step_model_flops"));
}

TEST_CASE("plan prints the whole layout and the stack, and counts every device") {
  const PlanRow row({"plan", "megatron-530b-2240"});
  CHECK(row.number("tensor") == 8);
  CHECK(row.text("sequence_parallel") == "true");
  CHECK(row.number("pipeline") == 35);
  CHECK(row.number("virtual_stages") == 3);
  CHECK(row.text("schedule") == "interleaved");
  CHECK(row.number("data") == 8);
  CHECK(row.number("devices") == 2240);
  CHECK(row.text("stack") == "megatron-lm-2022");
  CHECK(row.text("context_algorithm") == "");
  CHECK(row.text("fits") == "true");
  CHECK(row.number("gpu_hours") == Approx(row.number("run_time_s") * 2240 / 3600));
  CHECK(row.number("mfu") == Approx(row.number("step_model_flops") / (2240 * 312e12) / row.number("step_time_s")));
  // Korthikanti et al. 2022, section 6.3: 39.15 s. Far wider than the model's error: a wrong unit or axis shows.
  CHECK(row.number("step_time_s") > 0.75 * 39.15);
  CHECK(row.number("step_time_s") < 1.25 * 39.15);
}

TEST_CASE("plan takes a run that is split in every way, and another stack by its name") {
  const ScratchFolder folder;
  put_file(folder / "split.yaml",
           "source: a test\nmodel: llama-3.1-8b\ndevice: h100-sxm\n"
           "attention: {mechanism: moba, block: 4096, top_k: 3}\n"
           "workload: {sequence: 131072, global_batch: 16, tokens: 1e9, recompute: full, loss_chunks: 16}\n"
           "layout: {tensor: 4, sequence_parallel: true, context: 8, context_algorithm: ring, pipeline: 2, data: 2, "
           "zero_stage: 1}\n");
  const std::string file = (folder / "split.yaml").string();
  const PlanRow row({"plan", file}), other({"plan", file, "--stack", "megatron-lm-2021"});
  CHECK(row.number("devices") == 128);
  CHECK(row.number("context") == 8);
  CHECK(row.text("context_algorithm") == "ring");
  CHECK(row.text("schedule") == "1f1b");
  CHECK(row.text("stack") == "generic");
  CHECK(row.messages().find("MoBA over the context group") != std::string::npos);
  CHECK(other.text("stack") == "megatron-lm-2021");
  CHECK(other.number("step_time_s") != row.number("step_time_s"));
  const Outcome unknown = outcome_of_program({"plan", file, "--stack", "megatron-cor"}, folder.path());
  CHECK(unknown.exit_code == 2);
  CHECK(unknown.err.find("--stack: 'megatron-cor' is unknown (did you mean 'megatron-core'?)") != std::string::npos);
}

TEST_CASE("plan says when MoBA attends to everything, and charges full attention") {
  const PlanRow full({"plan", "moba-1.5b-32k", "--attention", "full"});
  const PlanRow same({"plan", "moba-1.5b-32k", "--attention", "moba:4096:8"});
  CHECK(same.number("step_time_s") == full.number("step_time_s"));
  CHECK(same.messages().find("identical to full attention") != std::string::npos);
  CHECK(full.messages().find("identical to full attention") == std::string::npos);
}

TEST_CASE("what does not fit is a row, and a run without a price has an empty one") {
  const ScratchFolder folder;
  put_file(folder / "big.yaml",
           "source: a test\nmodel: llama-3.1-405b\ndevice: ./plain.yaml\n"
           "workload: {sequence: 8192, global_batch: 1, tokens: 1e9}\n");
  put_file(folder / "plain.yaml",
           "name: plain\nsource: a test\npeak: {bf16: 100 TFLOP/s}\nmemory: 80 GB\nmemory_bandwidth: 1 TB/s\n"
           "efficiency:\n  gemm: {value: 0.5, basis: assumed, source: a test}\n"
           "  memory_bound: {value: 0.5, basis: assumed, source: a test}\n"
           "  attention: {full: {value: 0.5, basis: assumed, source: a test}}\n");
  const PlanRow row({"plan", (folder / "big.yaml").string()});
  CHECK(row.text("fits") == "false");
  CHECK(row.text("price_usd") == "");
  CHECK(row.text("basis") == "assumed");
  CHECK(row.messages().find("does not fit") != std::string::npos);
}

TEST_CASE("plan's breakdown has the parts of the time and of the memory") {
  const ScratchFolder folder;
  const Outcome outcome = outcome_of_program({"plan", "llama-3.1-8b-128k-moba", "--breakdown"}, folder.path());
  REQUIRE(outcome.exit_code == 0);
  const CsvTable table = CsvTable::from_text(outcome.out, "stdout");
  double time = 0, bytes = 0;
  for (std::size_t row = 0; row + 1 < table.rows(); ++row) {
    const std::string_view part = table.text(row, table.column("part"));
    if (part == "step") {
      CHECK(time == Approx(table.number(row, table.column("time_s"))));
    } else if (table.text(row, table.column("kind")) == "time") {
      time += table.number(row, table.column("time_s"));
    } else {
      bytes += table.number(row, table.column("bytes"));
    }
  }
  CHECK(table.text(table.rows() - 1, table.column("part")) == "peak");
  CHECK(bytes == Approx(table.number(table.rows() - 1, table.column("bytes"))));
}

TEST_CASE("a mechanism that the flag gets wrong is told with the right form") {
  const ScratchFolder folder;
  for (const auto& [flag, answer] : {std::pair{"moba", "moba:block:top_k"},
                                     {"moba:512", "moba:block:top_k"},
                                     {"mobba:512:3", "did you mean 'moba'"},
                                     {"moba:0:3", "block is 0; it must be at least 1"},
                                     {"moba:[:3", "'[' is no whole number"},
                                     {"moba:5x:3", "is no whole number"},
                                     {"full:3", "wanted is full"}}) {
    const Outcome outcome = outcome_of_program({"plan", "moba-1.5b-32k", "--attention", flag}, folder.path());
    INFO(flag << ": " << outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.out == "");
    CHECK(outcome.err.find(answer) != std::string::npos);
  }
}

}  // namespace
}  // namespace mobasim::tests::plan_test
