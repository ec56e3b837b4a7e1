// Whatever is wrong with what the user gave: one clear message with its place, exit code 2 (the input) or 3 (the
// machine), nothing on stdout, and the folder as it was.
#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::bad_input_test {
namespace {

const std::string kRun = R"(source: a test
model: llama-3.1-8b
device: h100-sxm
attention: {mechanism: moba, block: 512, top_k: 3}
workload: {sequence: 32768, global_batch: 256, microbatch: 1, tokens: 1e12, recompute: full, dtype: bf16}
layout: {data: 64, zero_stage: 1}
)";

const std::string kDevice = R"(name: test-device
source: a test
peak: {bf16: 989 TFLOP/s}
memory: 80 GB
memory_bandwidth: 3.35 TB/s
link_bandwidth: 450 GB/s
price: 2.50 $/h
price_source: a test
efficiency:
  gemm: {value: 0.65, lo: 0.5, hi: 0.8, basis: assumed, source: a test}
  memory_bound: {value: 0.8, lo: 0.7, hi: 0.9, basis: assumed, source: a test}
  collective: {value: 0.7, lo: 0.5, hi: 0.9, basis: assumed, source: a test}
  attention:
    full: {value: 0.5, lo: 0.4, hi: 0.6, basis: assumed, source: a test}
    moba: {value: 0.3, lo: 0.2, hi: 0.4, basis: assumed, source: a test}
    sliding_window: {value: 0.4, lo: 0.3, hi: 0.5, basis: assumed, source: a test}
devices_per_node: 8
network_bandwidth: 50 GB/s
)";

const std::string kModel = R"(name: test-model
source: a test
hidden: 1024
vocab: 32000
positions: 0
tied_embeddings: true
norm: rms_norm
linear_bias: false
qkv_bias: false
qk_norm: false
groups:
  - {layers: 8, heads: 16, kv_heads: 4, head_dim: 64, ffn: 4096, gated: true, attention: {mechanism: full}}
)";

const std::string kData = R"(model,attention,compute,loss
a,full,0.1,2.00
b,full,1.0,1.70
c,full,10.0,1.40
d,full,30.0,1.30
a,moba,0.1,2.10
b,moba,1.0,1.75
c,moba,10.0,1.42
d,moba,30.0,1.31
)";

// `text` with the first `from` replaced; a case that replaces nothing would prove nothing.
std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t found = text.find(from);
  if (found == std::string::npos) throw std::runtime_error("the base text has no '" + from + "'");
  return text.replace(found, from.size(), to);
}

struct BadInput {
  std::string what;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> files;
  int exit_code;
  std::vector<std::string> mentions;  // parts of the message; the first is its place, where it has one
};

const std::vector<std::string> kPlan = {"plan", "run.yaml"};
const std::vector<std::string> kFit = {"fit", "data.csv", "--law", "p2", "--compute", "compute", "--loss", "loss"};

std::vector<std::string> fit_by(const std::string& option, const std::string& value) {
  std::vector<std::string> arguments = kFit;
  arguments.insert(arguments.end(), {option, value});
  return arguments;
}

std::map<std::string, std::string> run_with(const std::string& from, const std::string& to) {
  return {{"run.yaml", with(kRun, from, to)}};
}

std::map<std::string, std::string> device_with(const std::string& from, const std::string& to) {
  return {{"run.yaml", with(kRun, "h100-sxm", "./device.yaml")}, {"device.yaml", with(kDevice, from, to)}};
}

std::map<std::string, std::string> model_with(const std::string& from, const std::string& to) {
  return {{"run.yaml", with(kRun, "llama-3.1-8b", "./model.yaml")}, {"model.yaml", with(kModel, from, to)}};
}

std::map<std::string, std::string> data_with(const std::string& from, const std::string& to) {
  return {{"data.csv", with(kData, from, to)}};
}

std::vector<BadInput> command_lines() {
  return {
      {"no command", {}, {}, 2, {"--help"}},
      {"unknown command", {"plann"}, {}, 2, {"plann", "did you mean 'plan'"}},
      {"unknown option", {"plan", "run.yaml", "--frobnicate"}, {{"run.yaml", kRun}}, 2, {"--frobnicate"}},
      {"option without a command", {"--frobnicate"}, {}, 2, {"'--frobnicate' is no option of mobasim itself"}},
      {"unexpected words", {"plan", "moba-1.5b-32k", "--dev", "a100-sxm"}, {}, 2, {"expected: --dev a100-sxm"}},
      {"output without a name", {"plan", "moba-1.5b-32k", "-o", ""}, {}, 2, {"--output", "empty"}},
      {"output over the run", {"plan", "run.yaml", "-o", "./run.yaml"}, {{"run.yaml", kRun}}, 2, {"is read"}},
      {"output over the rows", {"validate", "rows.csv", "-o", "rows.csv"}, {{"rows.csv", "id\n"}}, 2, {"is read"}},
      {"constants over the rows", {"calibrate", "rows.csv", "-o", "rows.csv"}, {{"rows.csv", "id\n"}}, 2, {"is read"}},
      {"output over a profile",
       {"bench", "compare", "a.profile.csv", "h100-sxm", "-o", "a.profile.csv"},
       {{"a.profile.csv", file_content(source_folder() / "configs/devices/h100-sxm.profile.csv")}},
       2,
       {"is read"}},
      {"two things to verify", {"verify", "--conformance", "--mutants", "--backend", "simt"}, {}, 2, {"--mutants"}},
      {"a format for what has none", {"verify", "--conformance", "--dtype", "bf16"}, {}, 2, {"--dtype"}},
      {"missing argument", {"plan"}, {}, 2, {"--help"}},
      {"unknown format", {"plan", "run.yaml", "--format", "xml"}, {{"run.yaml", kRun}}, 2, {"xml"}},
      {"missing file", kPlan, {}, 2, {"run.yaml"}},
      {"directory for a file", kPlan, {{"run.yaml/x", "y"}}, 2, {"run.yaml", "directory"}},
      {"unwritable output",
       {"plan", "run.yaml", "-o", "file/out.csv"},
       {{"run.yaml", kRun}, {"file", "not a folder"}},
       3,
       {"file/out.csv"}},
      {"unwritable folder of a study",
       {"project", "moba-trailing-32k", "-o", "file/out"},
       {{"file", "not a folder"}},
       3,
       {"file/out"}},
      {"unknown study", {"project", "moba-trailing-23k", "-o", "out"}, {}, 2, {"moba-trailing-23k"}},
      {"unknown axis", {"project", "moba-trailing-32k", "-o", "out", "--axis", "euros"}, {}, 2, {"euros"}},
      {"price in another unit",
       {"project", "moba-trailing-32k", "-o", "out", "--axis", "dollars", "--price", "2.50 GB/s"},
       {},
       2,
       {"2.50 GB/s", "$/h"}},
      {"budget below zero", {"bench", "--budget", "-1"}, {}, 2, {"-1 s"}},
      {"unwritable folder of a benchmark", {"bench", "-o", "file/out"}, {{"file", "not a folder"}}, 3, {"file/out"}},
      {"unknown case", {"verify", "--case", "nope"}, {}, 2, {"nope"}},
      {"chart of nothing", {"plot", "nowhere"}, {}, 2, {"nowhere"}},
      {"block 0 on the command line",
       {"plan", "moba-1.5b-32k", "--attention", "moba:0:3"},
       {},
       2,
       {"moba:0:3", "block"}},
      {"unknown backend", {"verify", "--backend", "abacus"}, {}, 2, {"abacus"}},
      {"unknown list", {"list", "planets"}, {}, 2, {"planets"}},
  };
}

std::vector<BadInput> runs() {
  return {
      {"empty file", kPlan, {{"run.yaml", ""}}, 2, {"run.yaml", "empty"}},
      {"binary file", kPlan, {{"run.yaml", std::string("ELF\0\1\2", 6)}}, 2, {"run.yaml"}},
      {"no mapping", kPlan, {{"run.yaml", "- a\n- b\n"}}, 2, {"run.yaml:1:1:"}},
      {"broken YAML", kPlan, run_with("{data: 64", "{data: [64"), 2, {"run.yaml:"}},
      {"second document", kPlan, {{"run.yaml", kRun + "---\nmore: 1\n"}}, 2, {"run.yaml:"}},
      {"unknown key", kPlan, run_with("layout:", "layot:"), 2, {"run.yaml:6:1:", "layot", "layout"}},
      {"unknown key in a map", kPlan, run_with("zero_stage", "zero_stge"), 2, {"run.yaml:6:", "zero_stage"}},
      {"duplicate key", kPlan, {{"run.yaml", kRun + "device: a100-sxm\n"}}, 2, {"run.yaml:7:1:", "device"}},
      {"missing key", kPlan, run_with("source: a test\n", ""), 2, {"run.yaml:1:1:", "source"}},
      {"missing key in a map", kPlan, run_with("sequence: 32768, ", ""), 2, {"run.yaml:5:", "sequence"}},
      {"block 0", kPlan, run_with("block: 512", "block: 0"), 2, {"run.yaml:4:", "block"}},
      {"top_k 0", kPlan, run_with("top_k: 3", "top_k: 0"), 2, {"run.yaml:4:", "top_k"}},
      {"negative batch", kPlan, run_with("global_batch: 256", "global_batch: -256"), 2, {"run.yaml:5:43:"}},
      {"batch beyond integers",
       kPlan,
       run_with("microbatch: 1,", "microbatch: 35184372088832,"),
       2,
       {"run.yaml:5:60:", "at most 1000000000"}},
      {"ambiguous count", kPlan, run_with("32768", "32K"), 2, {"run.yaml:5:22:", "32K", "32Ki"}},
      {"octal count", kPlan, run_with("microbatch: 1", "microbatch: 010"), 2, {"run.yaml:5:60:", "010"}},
      {"not a number", kPlan, run_with("1e12", ".nan"), 2, {"run.yaml:5:", ".nan"}},
      {"infinite tokens", kPlan, run_with("1e12", ".inf"), 2, {"run.yaml:5:", ".inf"}},
      {"fractional count", kPlan, run_with("data: 64", "data: 6.4"), 2, {"run.yaml:6:16:", "6.4"}},
      {"batch not divisible", kPlan, run_with("data: 64", "data: 60"), 2, {"run.yaml:", "256", "60"}},
      {"unknown model", kPlan, run_with("llama-3.1-8b", "llama-3.1-8c"), 2, {"run.yaml:2:8:", "llama-3.1-8b"}},
      {"unknown device", kPlan, run_with("h100-sxm", "h100-smx"), 2, {"run.yaml:3:9:", "h100-sxm"}},
      {"unknown stack", kPlan, {{"run.yaml", kRun + "stack: generik\n"}}, 2, {"run.yaml:7:8:", "'generic'"}},
      {"unknown schedule", kPlan, run_with("data: 64", "data: 64, schedule: 1b1f"), 2, {"run.yaml:6:30:", "1f1b"}},
      {"unknown mechanism", kPlan, run_with("mechanism: moba", "mechanism: mobba"), 2, {"run.yaml:4:", "moba"}},
      {"unknown dtype", kPlan, run_with("dtype: bf16", "dtype: bf61"), 2, {"run.yaml:5:", "bf16"}},
      {"zero stage 5", kPlan, run_with("zero_stage: 1", "zero_stage: 5"), 2, {"run.yaml:6:"}},
      {"list for a value", kPlan, run_with("device: h100-sxm", "device: [h100-sxm]"), 2, {"run.yaml:3:9:"}},
      {"empty list", kPlan, run_with("{mechanism: moba, block: 512, top_k: 3}", "[]"), 2, {"run.yaml:4:12:"}},
      {"price in another unit", kPlan, {{"run.yaml", kRun + "price: 2.50 TB/s\n"}}, 2, {"run.yaml:7:8:", "$/h"}},
      {"memory in another unit", kPlan, device_with("80 GB", "80 GB/s"), 2, {"device.yaml:4:9:", "GB/s"}},
      {"number without unit", kPlan, device_with("80 GB", "80"), 2, {"device.yaml:4:9:"}},
      {"negative bandwidth", kPlan, device_with("3.35", "-3.35"), 2, {"device.yaml:5:19:"}},
      {"percent for a fraction", kPlan, device_with("value: 0.65", "value: 65"), 2, {"device.yaml:10:"}},
      {"lo above hi", kPlan, device_with("lo: 0.5, hi: 0.8", "lo: 0.9, hi: 0.8"), 2, {"device.yaml:10:"}},
      {"unknown basis", kPlan, device_with("basis: assumed", "basis: hoped"), 2, {"device.yaml:10:", "hoped"}},
      {"negative hidden", kPlan, model_with("hidden: 1024", "hidden: -1024"), 2, {"model.yaml:3:9:"}},
      {"heads not divisible", kPlan, model_with("kv_heads: 4", "kv_heads: 3"), 2, {"model.yaml:", "kv_heads"}},
      {"no groups",
       kPlan,
       {{"run.yaml", with(kRun, "llama-3.1-8b", "./model.yaml")},
        {"model.yaml", kModel.substr(0, kModel.find("groups:")) + "groups: []\n"}},
       2,
       {"model.yaml:11:9:"}},
  };
}

std::vector<BadInput> data_files() {
  const std::map<std::string, std::string> good = {{"data.csv", kData}};
  return {
      {"missing data", kFit, {}, 2, {"data.csv"}},
      {"empty data", kFit, {{"data.csv", ""}}, 2, {"data.csv", "empty"}},
      {"binary data", kFit, {{"data.csv", std::string("a,b\n\0,1\n", 8)}}, 2, {"data.csv"}},
      {"header only", kFit, {{"data.csv", "model,attention,compute,loss\n"}}, 2, {"data.csv"}},
      {"missing column", kFit, data_with("loss", "los"), 2, {"data.csv:1", "loss", "los"}},
      {"column twice", kFit, data_with("attention", "model"), 2, {"data.csv:1:", "model"}},
      {"row too short", kFit, data_with("1.0,1.70", "1.0"), 2, {"data.csv:3:"}},
      {"unclosed quote", kFit, data_with("b,full,1.0", "\"b,full,1.0"), 2, {"data.csv:3:"}},
      {"NaN loss", kFit, data_with("1.70", "nan"), 2, {"data.csv:3:12:", "nan"}},
      {"zero loss", kFit, data_with("1.70", "0"), 2, {"data.csv:3:12:"}},
      {"negative compute", kFit, data_with("full,1.0", "full,-1.0"), 2, {"data.csv:3:8:", "-1"}},
      {"text for a number", kFit, data_with("1.70", "low"), 2, {"data.csv:3:12:", "low"}},
      {"too few points", kFit, {{"data.csv", "compute,loss\n1,2\n2,1.9\n"}}, 2, {"data.csv"}},
      {"one x only", kFit, {{"data.csv", "compute,loss\n1,2\n1,1.9\n1,1.8\n1,1.7\n"}}, 2, {"data.csv"}},
      {"unknown law",
       {"fit", "data.csv", "--law", "p9", "--compute", "compute", "--loss", "loss"},
       good,
       2,
       {"p9", "p2"}},
      {"unknown group column", fit_by("--by", "modell"), good, 2, {"data.csv:1", "modell", "model"}},
      {"unknown point rule", fit_by("--points", "head:0.05"), good, 2, {"head:0.05", "tail"}},
      {"tail above one", fit_by("--points", "tail:5"), good, 2, {"tail:5"}},
      {"condition without value", fit_by("--where", "model"), good, 2, {"model", "COL=VALUE"}},
      {"condition that nothing meets", fit_by("--where", "model=z"), good, 2, {"data.csv"}},
      {"pair that is not there",
       {"fit", "data.csv", "--law", "paired", "--compute", "compute", "--loss", "loss", "--pair", "attention=moba,ful",
        "--size", "model"},
       good,
       2,
       {"ful"}},
      {"paired without a pair",
       {"fit", "data.csv", "--law", "paired", "--size", "model", "--compute", "compute", "--loss", "loss"},
       good,
       2,
       {"--pair"}},
  };
}

std::map<std::string, std::string> study_with(const std::string& from, const std::string& to) {
  const std::filesystem::path configs = source_folder() / "configs";
  const std::string study = file_content(configs / "studies" / "moba-trailing-32k.yaml");
  return {{"study.yaml", with(with(study, "../losses", (configs / "losses").string()), from, to)}};
}

std::vector<BadInput> studies() {
  const std::vector<std::string> project = {"project", "study.yaml", "-o", "out"};
  const std::vector<std::string> hours = {"project", "study.yaml", "-o", "out", "--axis", "gpu_hours"};
  return {
      {"unknown key of a study", project, study_with("sequence: 32768", "sequence: 32768\nsequenz: 1"), 2, {"sequenz"}},
      {"study without data", project, study_with("-training-curves.csv", "-nothing.csv"), 2, {"moba-nothing.csv"}},
      {"column of a study", project, study_with("loss: loss,", "loss: los,"), 2, {"moba-training-curves.csv", "los"}},
      {"condition of a study",
       project,
       study_with("panel=fig3b", "panel=fig9z"),
       2,
       {"moba-training-curves.csv", "fig9z"}},
      {"size without a run", project, study_with("value: 822M", "value: 823M"), 2, {"823M"}},
      {"arm without a run", project, study_with("value: full", "value: ful"), 2, {"ful"}},
      {"unknown model of a study", project, study_with("model: moba-1.5b", "model: moba-1.6b"), 2, {"moba-1.5b"}},
      {"point rule of a study", project, study_with("tail:0.05", "tail:7"), 2, {"study.yaml:", "tail:7"}},
      {"range of a chart", project, study_with("x: [0.02, 50]", "x: [50, 0.02]"), 2, {"study.yaml:"}},
      {"unknown stack of a study",
       hours,
       study_with("device: h100-sxm", "device: h100-sxm\n  stack: megatron-cor"),
       2,
       {"study.yaml:", "did you mean 'megatron-core'?"}},
      {"hours without a run", hours, study_with("run:     ", "ran:     "), 2, {"study.yaml:", "ran"}},
  };
}

std::vector<std::string> files_in(const std::filesystem::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

// Lines of stderr that are no notes; each must say whose it is.
int messages(const std::string& err) {
  int count = 0;
  std::istringstream stream(err);
  for (std::string line; std::getline(stream, line);) {
    CHECK(line.starts_with("mobasim: "));
    if (!line.starts_with("mobasim: note: ")) ++count;
  }
  return count;
}

void check(const BadInput& bad) {
  const ScratchFolder folder;
  for (const auto& [name, content] : bad.files) put_file(folder / name, content);
  const std::vector<std::string> before = files_in(folder.path());
  const Outcome outcome = outcome_of_program(bad.arguments, folder.path());
  INFO(bad.what << ": exit code " << outcome.exit_code << ", stdout '" << outcome.out << "', stderr:\n" << outcome.err);
  CHECK(outcome.exit_code == bad.exit_code);
  CHECK(outcome.out == "");
  CHECK(messages(outcome.err) == 1);
  for (const std::string& mention : bad.mentions) {
    INFO("looking for '" << mention << "'");
    CHECK(outcome.err.find(mention) != std::string::npos);
  }
  CHECK(files_in(folder.path()) == before);
  for (const auto& [name, content] : bad.files) CHECK(file_content(folder / name) == content);
}

TEST_CASE("a bad command line gives one message and its exit code") {
  for (const BadInput& bad : command_lines()) check(bad);
}

TEST_CASE("a bad run, device or model gives one message with its place") {
  for (const BadInput& bad : runs()) check(bad);
}

TEST_CASE("everything wrong with a layout is told at once, each at its place, with the nearest that works") {
  const ScratchFolder folder;
  put_file(folder / "run.yaml", with(kRun, "{data: 64, zero_stage: 1}", "{tensor: 3, data: 6, pipeline: 48}"));
  const Outcome outcome = outcome_of_program(kPlan, folder.path());
  INFO(outcome.err);
  CHECK(outcome.exit_code == 2);
  CHECK(outcome.out == "");
  for (const std::string mention :
       {"run.yaml:5:43: global_batch 256 is no multiple of data x microbatch = 6 x 1; nearest: 252 or 258",
        "run.yaml:6:18: tensor 3 does not divide the 32 heads", "run.yaml:6:40: pipeline x virtual_stages = 48 x 1",
        "nearest that works on 864 devices: "}) {
    INFO("looking for '" << mention << "'");
    CHECK(outcome.err.find(mention) != std::string::npos);
  }
}

TEST_CASE("bad data gives one message with its place") {
  for (const BadInput& bad : data_files()) check(bad);
}

TEST_CASE("a bad study gives one message with its place") {
  for (const BadInput& bad : studies()) check(bad);
}

TEST_CASE("the inputs that the bad ones are made from are good") {
  const ScratchFolder folder;
  put_file(folder / "run.yaml", with(with(kRun, "h100-sxm", "./device.yaml"), "llama-3.1-8b", "./model.yaml"));
  put_file(folder / "named.yaml", kRun);
  put_file(folder / "device.yaml", kDevice);
  put_file(folder / "model.yaml", kModel);
  put_file(folder / "data.csv", kData);
  for (const std::vector<std::string>& arguments : {kPlan, {"plan", "named.yaml"}, kFit}) {
    const Outcome outcome = outcome_of_program(arguments, folder.path());
    INFO(arguments[0] << " " << arguments[1] << ": " << outcome.err);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.out != "");
  }
}

}  // namespace
}  // namespace mobasim::tests::bad_input_test
