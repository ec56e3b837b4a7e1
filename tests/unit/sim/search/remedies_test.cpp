// What would make a run fit.
#include "sim/search/remedies.h"

#include <fmt/format.h>

#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::remedies_test {
namespace {

// 8 layers on 8 replicas.
Run replicated_run() {
  Run run = small_run();
  run.model.hidden = 512;
  LayerGroup& group = run.model.groups.front();
  group.layers = 8;
  group.heads = group.kv_heads = 8;
  group.head_dim = 64;
  group.ffn = 1408;
  run.workload.global_batch = 64;
  run.execution.microbatch = 4;
  run.execution.layout.data = 8;
  return run;
}

MemoryModel model_of(const Run& run) {
  const std::vector<std::string_view> kernels(run.model.groups.size());
  return {run.model, {}, kernels, run.workload.dtype, run.workload.sequence};
}

double peak(const Run& run) { return model_of(run).worst(run.workload.global_batch, run.execution).total(); }

std::vector<std::string> remedies_of(const Run& run, double capacity) {
  return remedies(model_of(run), run.workload.global_batch, run.execution, capacity);
}

// The bytes that a line ends with.
double bytes_in(const std::string& line) {
  const std::string number = line.substr(line.find_last_of(' ', line.size() - 4) + 1);
  return std::stod(number) * 1e9;
}

bool any_starts_with(const std::vector<std::string>& lines, const std::string& start) {
  for (const std::string& line : lines) {
    if (line.starts_with(start)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("A run that fits needs no remedy") {
  const Run run = replicated_run();
  CHECK(remedies_of(run, peak(run)).empty());
}

TEST_CASE("No remedy is proposed that cannot be run") {
  const Run run = replicated_run();
  const double capacity = 0.6 * peak(run);
  CHECK(any_starts_with(remedies_of(run, capacity), "tensor 2"));
  const auto without_tensor = [](const Execution& execution) { return execution.layout.tensor == 1; };
  const std::vector<std::string> found =
      remedies(model_of(run), run.workload.global_batch, run.execution, capacity, without_tensor);
  CHECK_FALSE(found.empty());
  CHECK_FALSE(any_starts_with(found, "tensor"));
}

TEST_CASE("Each remedy fits, and says what it then needs") {
  const Run run = replicated_run();
  for (const double share : {0.95, 0.8, 0.6, 0.4, 0.2}) {
    const auto found = remedies_of(run, share * peak(run));
    REQUIRE(!found.empty());
    for (const std::string& line : found) {
      INFO(share << ": " << line);
      CHECK(bytes_in(line) <= share * peak(run) + 0.05e9);
    }
  }
}

TEST_CASE(
    "A smaller microbatch, more recomputation, a higher ZeRO stage and a wider split are found, with their need") {
  Run run = replicated_run();
  const auto found = remedies_of(run, 0.95 * peak(run));
  const auto said = [&](const std::string& change) {
    return any_starts_with(found, fmt::format("{} needs {:.1f} GB", change, peak(run) / 1e9));
  };
  run.execution.microbatch = 2;
  CHECK(said("microbatch 2"));
  run = replicated_run();
  run.execution.recompute = Recompute::full;
  CHECK(said("recompute full"));
  run = replicated_run();
  run.execution.layout.zero_stage = 1;
  CHECK(said("zero_stage 1"));
  run = replicated_run();
  run.execution.layout.tensor = 2;
  run.execution.layout.data = 4;
  CHECK(said("tensor 2, data 4"));
  CHECK_FALSE(any_starts_with(found, "sequence_parallel"));  // there is no tensor group
}

TEST_CASE("Where nothing fits alone, changes that fit together, where nothing fits at all, the least it needs") {
  Run run = replicated_run();
  run.execution.layout.data = 1;
  run.workload.global_batch = 4;
  bool together = false;
  for (double share = 0.9; share > 1e-4; share *= 0.8) {
    const auto found = remedies_of(run, share * peak(run));
    if (found.size() == 1 && found.front().find("together need") != std::string::npos) {
      together = true;
      CHECK(bytes_in(found.front()) <= share * peak(run) + 0.05e9);
    }
  }
  CHECK(together);
  const auto found = remedies_of(run, 1);
  REQUIRE(found.size() == 1);
  CHECK(found.front().find("the least it needs is") != std::string::npos);
}

TEST_CASE("A group of heads that cannot be halved is not suggested") {
  Run run = replicated_run();
  run.model.groups.front().heads = run.model.groups.front().kv_heads = 7;
  CHECK_FALSE(any_starts_with(remedies_of(run, 0.95 * peak(run)), "tensor"));
}

}  // namespace mobasim::tests::remedies_test
