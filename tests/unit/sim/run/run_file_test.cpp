// RUN.yaml: what it may say, and that everything wrong in it is told at once, at its place.
#include "sim/run/run_file.h"

#include <fmt/format.h>

#include "sim/base/error.h"
#include "tests/program.h"
#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::run_file_test {
namespace {

Run run_of(const std::string& yaml, const std::vector<Override>& overrides = {}) {
  const ScratchFolder folder;
  put_file(folder / "run.yaml", yaml);
  return run_from(folder / "run.yaml", source_folder() / "configs", overrides);
}

// The problems, a line each, without the folder.
std::string problems_of(const std::string& yaml, const std::vector<Override>& overrides = {}) {
  try {
    (void)run_of(yaml, overrides);
  } catch (const ConfigError& error) {
    std::string lines;
    for (ConfigError::Problem problem : error.problems()) {
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
  CHECK(run.device.price_source == "the run's file");
  const Run other = run_of(yaml, {{"device", "a100-sxm", "--device", true},
                                  {"price", "3600 $/h", "--price", true},
                                  {"attention", "{mechanism: full}", "--attention"}});
  CHECK(other.device.name == "a100-sxm");
  CHECK(other.device.price.value() == DollarRate(1));
  CHECK(other.device.price_source == "given with --price");
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
  CHECK(has(problems_of(kHead + kWorkload, {{"device", "h10-sxm", "--device", true}}),
            "--device: 'h10-sxm' is unknown (did you mean 'h100-sxm'?)"));
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
    std::vector<Override> overrides;
    if (entry.path().stem() == "quickstart-tiny") {  // names no device of its own
      overrides.push_back({"device", "h100-sxm", "--device", true});
    }
    const RunCost cost = cost_of(run_from(entry.path(), source_folder() / "configs", overrides));
    CHECK(cost.step_time > Seconds(0));
    CHECK(cost.fits);
    ++runs;
  }
  CHECK(runs >= 4);
}

namespace {

// Each field of a RUN.yaml with a value that works, but kernels.sliding_window: no device has rows of one.
const std::vector<std::pair<std::string, std::string>> kFields = {
    {"source", "a test"},
    {"model", "llama-3.1-8b"},
    {"device", "h100-sxm"},
    {"stack", "megatron-core"},
    {"price", "2 $/h"},
    {"attention", "[{layers: 29, mechanism: moba, block: 4096, top_k: 12}, {layers: 3, mechanism: full}]"},
    {"kernels.full", "flash_attention_3"},
    {"kernels.moba", "mobasim_cuda"},
    {"workload.sequence", "32Ki"},
    {"workload.global_batch", "64"},
    {"workload.tokens", "1e9"},
    {"workload.microbatch", "2"},
    {"workload.recompute", "full"},
    {"workload.dtype", "bf16"},
    {"workload.loss_chunks", "4"},
    {"workload.offload_optimizer", "true"},
    {"layout.tensor", "4"},
    {"layout.sequence_parallel", "true"},
    {"layout.context", "2"},
    {"layout.context_algorithm", "all_gather"},
    {"layout.pipeline", "4"},
    {"layout.virtual_stages", "2"},
    {"layout.schedule", "interleaved"},
    {"layout.data", "8"},
    {"layout.zero_stage", "1"},
    {"layout.shard", "4"}};

const std::string kWritten = R"(source: a test
model: llama-3.1-8b
device: h100-sxm
stack: megatron-core
price: 2 $/h
attention: [{layers: 29, mechanism: moba, block: 4096, top_k: 12}, {layers: 3, mechanism: full}]
kernels: {full: flash_attention_3, moba: mobasim_cuda}
workload: {sequence: 32Ki, global_batch: 64, tokens: 1e9, microbatch: 2, recompute: full, dtype: bf16, loss_chunks: 4,
           offload_optimizer: true}
layout: {tensor: 4, sequence_parallel: true, context: 2, context_algorithm: all_gather, pipeline: 4, virtual_stages: 2,
         schedule: interleaved, data: 8, zero_stage: 1, shard: 4}
)";

// The run's cost and its parts, in digits.
std::string cost_in_digits(const Document& document) {
  const RunCost cost = cost_of(run_from(document, source_folder() / "configs"));
  std::string digits = fmt::format("{} $", cost.price.value_or(Dollars(0)).value());
  for (const StepPart& part : cost.step_parts) digits += fmt::format("\n{} {}", part.name, part.time.value());
  for (const MemoryPart& part : cost.memory_parts) digits += fmt::format("\n{} {}", part.name, part.bytes.value());
  return digits;
}

std::string problem_of(const Document& document) {
  try {
    (void)run_from(document, source_folder() / "configs");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("A run of nothing but values that were set is the run that a file with them says") {
  Document document = document_from_text("", "nothing.yaml");
  for (const auto& [path, value] : kFields) set(document, {path, value, "--set " + path});
  CHECK(cost_in_digits(document) == cost_in_digits(document_from_text(kWritten, "written.yaml")));
}

TEST_CASE("Every field of a run can be set, and what is wrong with it names who set it") {
  std::vector<std::pair<std::string, std::string>> fields = kFields;
  fields.emplace_back("kernels.sliding_window", "");
  for (const auto& [path, value] : fields) {
    Document document = document_from_text(kWritten, "written.yaml");
    set(document, {path, "[[no]]", "--set " + path});
    const std::string problem = problem_of(document);
    INFO(path << ": " << problem);
    CHECK(problem.starts_with("--set " + path + ": '"));
  }
}

TEST_CASE("What is wrong between values that were set and the file's stands at the one that is wrong") {
  Document document = document_from_text(kHead + kWorkload, "run.yaml");
  set(document, {"layout.tensor", "3", "--set layout.tensor=3"});
  CHECK(has(problem_of(document), "--set layout.tensor=3: tensor 3 does not divide the 32 heads\n"));
}

}  // namespace mobasim::tests::run_file_test
