#include "sim/measured/candidates.h"

#include "tests/catch.h"

namespace mobasim::tests::candidates_test {
namespace {

// Llama 2 70B on 64 H100 by Megatron-Core: what is not said of it is free.
MeasuredRun run_of(const std::string& recompute, const std::string& framework, const std::string& microbatch = "1") {
  return measured_runs_from(CsvTable::from_text("id,framework,gpu,seq,gbs,n_gpus,hidden,ffn,layers,heads,kv_heads,"
                                                "vocab,glu,gpus_per_node,tp,pp,vpp,sp,"
                                                "zero,mbs,recompute\na," +
                                                    framework +
                                                    ",H100,4096,128,64,8192,28672,80,64,8,32000,1,8,4,4,,1,1," +
                                                    microbatch + "," + recompute + "\n",
                                                "runs.csv"))
      .front();
}

std::vector<Candidate> candidates(const MeasuredRun& run, double memory, std::string& reason) {
  const auto configs = tests::source_folder() / "configs";
  const Device device = device_from(configs / "devices" / "h100-sxm.yaml");
  const std::vector<std::string_view> kernels{"flash_attention_2"};
  const MemoryModel model(run.model, stack_from(configs / "stacks" / "nemo-hopper.yaml").policy, kernels,
                          run.workload.dtype, run.workload.sequence);
  return candidates_of(run, model, memory, device, reason);
}

}  // namespace

TEST_CASE("Free chunks and microbatches are those that divide, and every candidate can be run") {
  std::string reason;
  const auto found = candidates(run_of("full", "NeMo", ""), 1e15, reason);
  CHECK(reason == "");
  CHECK(found.size() > 8);
  for (const Candidate& one : found) {
    CHECK(one.fits);
    CHECK(one.execution.recompute == Recompute::full);
    CHECK(20 % one.execution.layout.virtual_stages == 0);
    CHECK(128 % (one.execution.layout.data * one.execution.microbatch) == 0);
  }
}

TEST_CASE("Free recomputation is the least that memory asks for") {
  std::string reason;
  const MeasuredRun run = run_of("uncertain", "NeMo");
  const Candidate roomy = candidates(run, 1e15, reason).front();
  CHECK(roomy.execution.recompute == Recompute::none);
  const double full = candidates(run_of("full", "NeMo"), 1e15, reason).front().memory;
  REQUIRE(full < roomy.memory);
  const Candidate between = candidates(run, (full + roomy.memory) / 2, reason).front();
  CHECK(between.recomputed_share > 0.2);
  CHECK(between.recomputed_share < 0.8);
  CHECK(between.fits);
  const Candidate too_small = candidates(run, full / 10, reason).front();
  CHECK_FALSE(too_small.fits);
}

TEST_CASE("Where recomputation is a switch it is all or nothing") {
  std::string reason;
  const double none = candidates(run_of("none", "FSDP"), 1e15, reason).front().memory;
  const Candidate switched = candidates(run_of("uncertain", "FSDP"), 0.9 * none, reason).front();
  CHECK(switched.recomputed_share == 0);
  CHECK(switched.execution.recompute == Recompute::full);
}

TEST_CASE("A layout that no choice can save has no candidate, and a reason") {
  MeasuredRun run = run_of("none", "NeMo");
  run.execution.layout.tensor = 5;
  std::string reason;
  CHECK(candidates(run, 1e15, reason).empty());
  CHECK(reason.find("tensor 5") != std::string::npos);
}

TEST_CASE("A run that leaves choices open of which none is possible is refused in words") {
  std::string reason;
  MeasuredRun odd = run_of("none", "NeMo");
  odd.free.split = true;
  odd.execution.layout.context = 3;  // 64 devices have no third
  CHECK(candidates(odd, 1e15, reason).empty());
  CHECK(reason == "no split of 64 devices goes with context 3");
  reason.clear();
  MeasuredRun interleaved = run_of("none", "NeMo");
  interleaved.free.virtual_stages = true;
  interleaved.execution.layout.pipeline = 80;
  interleaved.execution.layout.schedule = PipelineSchedule::interleaved;
  CHECK(candidates(interleaved, 1e15, reason).empty());
  CHECK(reason.starts_with("no stage of 80 layers on 64 devices has the several chunks"));
}

}  // namespace mobasim::tests::candidates_test
