// RUN.yaml: what it may say, and that everything wrong in it is told at once, at its place.
#include "sim/run/run_file.h"

#include "sim/base/error.h"
#include "tests/program.h"
#include "tests/unit/sim/fixture.h"

using namespace mobasim;
using namespace mobasim::tests;

namespace {

Run run_of(const std::string& yaml, const RunOverrides& overrides = {}) {
  const ScratchFolder folder;
  put_file(folder / "run.yaml", yaml);
  return run_from(folder / "run.yaml", source_folder() / "configs", overrides);
}

// The problems, a line each, without the folder.
std::string problems_of(const std::string& yaml, const RunOverrides& overrides = {}) {
  try {
    (void)run_of(yaml, overrides);
  } catch (const ConfigError& error) {
    std::string lines;
    for (Problem problem : error.problems()) {
      problem.where.file = std::filesystem::path(problem.where.file).filename();
      lines += text(problem) + "\n";
    }
    return lines;
  }
  return "";
}

const std::string kHead = "source: a test\nmodel: llama-3.1-8b\ndevice: h100-sxm\n";
const std::string kWorkload = "workload: {sequence: 8192, global_batch: 64, tokens: 1e9}\n";

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("A run's file is read, with what may be left out") {
  const Run run = run_of(kHead + kWorkload);
  CHECK(run.model.name == "llama-3.1-8b");
  CHECK(run.device.name == "h100-sxm");
  CHECK(run.execution.microbatch == 1);
  CHECK(run.workload.dtype == "bf16");
  CHECK(run.execution.recompute == Recompute::none);
  CHECK(run.execution.layout.data == 1);
  CHECK(run.device.price.value() == DollarRate(2.5 / 3600));
  CHECK(violations(run).empty());
}

TEST_CASE("The run's attention and price replace the model's and the device's, and flags replace both") {
  const std::string yaml = kHead + kWorkload + "attention: {mechanism: moba, block: 512, top_k: 3}\nprice: 2 $/h\n";
  const Run run = run_of(yaml);
  CHECK(run.model.groups.front().attention == Attention(Moba{512, 3}));
  CHECK(run.device.price.value() == DollarRate(2.0 / 3600));
  RunOverrides overrides;
  overrides.device = "a100-sxm";
  overrides.price = DollarRate(1);
  overrides.attention = FullAttention{};
  const Run other = run_of(yaml, overrides);
  CHECK(other.device.name == "a100-sxm");
  CHECK(other.device.price.value() == DollarRate(1));
  CHECK(other.model.groups.front().attention == Attention(FullAttention{}));
}

TEST_CASE("A hybrid's layers are split where its list says") {
  const std::string list =
      "attention: [{layers: 29, mechanism: moba, block: 4096, top_k: 12}, {layers: 3, mechanism: full}]\n";
  const Run run = run_of(kHead + kWorkload + list);
  REQUIRE(run.model.groups.size() == 2);
  CHECK(run.model.groups[0].layers == 29);
  CHECK(run.model.groups[1].layers == 3);
  CHECK(parameters(run.model).total == 8030261248);
  CHECK(has(problems_of(kHead + kWorkload + "attention: [{layers: 30, mechanism: full}]\n"),
            "run.yaml:5:12: 'attention' names 30 layers, and llama-3.1-8b has 32"));
}

TEST_CASE("A batch that cannot be shared out is told with the nearest that can") {
  const std::string problems = problems_of(
      kHead + "workload: {sequence: 8192, global_batch: 100, microbatch: 2, tokens: 1e9}\nlayout: {data: 8}\n");
  CHECK(problems ==
        "run.yaml:4:42: global_batch 100 is no multiple of data x microbatch = 8 x 2; nearest: 96 or 112\n");
}

TEST_CASE("All problems at once, of the run and of the files that it names") {
  const std::string problems = problems_of(
      "source: a test\nmodel: llama-3.1-8bb\ndevice: h100\nkernels: {fool: x}\n"
      "workload: {sequence: 0, global_batch: 8, tokens: 1e9, dtype: bf61}\nlayout: {zero: 1}\nprice: 3 GB\n");
  CHECK(has(problems, "run.yaml:2:8: 'model': 'llama-3.1-8bb' is unknown (did you mean 'llama-3.1-8b'?)"));
  CHECK(has(problems, "run.yaml:3:9: 'device': 'h100' is unknown"));
  CHECK(has(problems, "run.yaml:4:11: unknown key 'fool'"));
  CHECK(has(problems, "run.yaml:5:22: 'sequence': 0 is too small"));
  CHECK(has(problems, "run.yaml:5:62: 'dtype': 'bf61' is unknown"));
  CHECK(has(problems, "run.yaml:6:10: unknown key 'zero'"));
  CHECK(has(problems, "run.yaml:7:8: 'price'"));
}

TEST_CASE("Rules between run and device stand at their place") {
  CHECK(has(problems_of(kHead + kWorkload + "kernels: {full: flash_attention_9}\n"),
            "run.yaml:5:17: h100-sxm has no rows of both passes for full attention by 'flash_attention_9'"));
  CHECK(has(problems_of(kHead + kWorkload + "layout: {zero_stage: 4}\n"), "run.yaml:5:22: zero_stage must be"));
  CHECK(has(problems_of("source: a test\nmodel: tiny-8m\n" + kWorkload), "the key 'device' is missing"));
  RunOverrides overrides;
  overrides.device = "h10-sxm";
  CHECK(has(problems_of(kHead + kWorkload, overrides), "--device: 'h10-sxm' is unknown (did you mean 'h100-sxm'?)"));
}

TEST_CASE("A single device cannot be several, a node without a network not two nodes") {
  Run run = small_run();
  run.execution.layout.data = 8;
  CHECK(violations(run).empty());
  run.device.network_bandwidth = ByteRate(0);
  CHECK(violations(run).size() == 1);
  run.device.link_bandwidth = ByteRate(0);
  run.device.devices_per_node = 1;
  CHECK(violations(run).size() == 1);
  CHECK_THROWS_AS(cost_of(run), ConfigError);
}

TEST_CASE("Every shipped run can be read and costed") {
  int runs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_folder() / "configs/runs")) {
    INFO(entry.path().string());
    RunOverrides overrides;
    if (entry.path().stem() == "quickstart-tiny") overrides.device = "h100-sxm";  // names no device of its own
    const RunCost cost = cost_of(run_from(entry.path(), source_folder() / "configs", overrides));
    CHECK(cost.step_time > Seconds(0));
    CHECK(cost.fits);
    ++runs;
  }
  CHECK(runs >= 4);
}
