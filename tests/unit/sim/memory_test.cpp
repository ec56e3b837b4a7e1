// The memory of a run: closed forms and laws.
#include "sim/memory.h"

#include "tests/unit/sim/simulator_fixture.h"

using namespace mobasim;
using namespace mobasim::tests;

namespace {

double bytes(const Run& run, const std::string& name) {
  for (const MemoryPart& part : memory_parts(run)) {
    if (part.name == name) return part.bytes.value();
  }
  return 0;
}

double peak(const Run& run) { return cost_of(run).peak_memory.value(); }

double states(const Run& run) { return bytes(run, "weights") + bytes(run, "gradients") + bytes(run, "optimizer"); }

}  // namespace

TEST_CASE("Bytes per parameter: 18 for bf16, 20 for fp16, 16 for f32, sharded by ZeRO stage") {
  Run run = small_run();
  const auto all = static_cast<double>(parameters(run.model).total);
  for (const auto& [dtype, unsharded, kept] :
       {std::tuple{"bf16", 18.0, 6.0}, {"fp16", 20.0, 4.0}, {"f32", 16.0, 8.0}}) {
    run.workload.dtype = dtype;
    run.layout = {1, 0};
    CHECK(states(run) == Approx(unsharded * all));
    run.layout = {4, 1};
    CHECK(states(run) == Approx((kept + (unsharded - kept) / 4) * all));
    for (const std::int64_t stage : {0, 1, 2, 3}) {  // nothing to share with
      run.layout = {1, stage};
      CHECK(states(run) == Approx(unsharded * all));
    }
  }
}

TEST_CASE("A higher ZeRO stage never needs more, and the peak is never below the weights") {
  for (const std::string name : {"moba-1.5b-32k", "llama-3.1-8b-128k-full"}) {
    Run run = shipped_run(name);
    double before = 1e30;
    for (const std::int64_t stage : {0, 1, 2, 3}) {
      run.layout.zero_stage = stage;
      CHECK(peak(run) <= before);
      CHECK(peak(run) >= bytes(run, "weights"));
      before = peak(run);
    }
  }
}

TEST_CASE("Activations of a modern layer: 8 h + 4 (q + kv) + 6 f + 4 heads bytes per token") {
  const ModelShape model = small_model();
  const Microbatch microbatch{2, 1024, "bf16"};
  const double per_token = 8 * 64 + 4 * (64 + 32) + 6 * 160 + 4 * 4;
  CHECK(activation_bytes(model, model.groups.front(), microbatch).value() == 2048 * per_token);
  CHECK(workspace_bytes(model.groups.front(), microbatch).value() == 0);
}

TEST_CASE("MoBA keeps its picks, and its layer at work holds a partial result for each") {
  const ModelShape full = small_model(), moba = small_model(Moba{128, 3});
  const Microbatch microbatch{2, 1024, "bf16"};
  const double picks = 2 * 4 * 128 * (1 + 2 * 6);  // of 8 blocks the second picks 1, the others 2
  CHECK((activation_bytes(moba, moba.groups.front(), microbatch) -
         activation_bytes(full, full.groups.front(), microbatch))
            .value() == 4 * picks);
  const double mean_keys = 2 * 8 * 2 * 16 * 2, offsets = 12 * 2 * 8 * 4;
  CHECK(workspace_bytes(moba.groups.front(), microbatch).value() == picks * (2 * 16 + 4 + 4) + mean_keys + offsets);
}

TEST_CASE("Recomputation needs less, chunks of the loss need less, a larger microbatch needs more") {
  Run run = shipped_run("moba-1.5b-32k");
  run.workload.recompute = Recompute::none;
  const double kept = peak(run);
  run.workload.recompute = Recompute::full;
  const double recomputed = peak(run);
  CHECK(recomputed < kept);
  run.workload.loss_chunks = 1;
  CHECK(peak(run) > recomputed);
  CHECK(bytes(run, "logits") == Approx(10.0 * 32768 * 163840));
  run.workload.microbatch = 3;
  CHECK(bytes(run, "logits") == Approx(3 * 10.0 * 32768 * 163840));
}

TEST_CASE("What does not fit is a result that says so") {
  Run run = shipped_run("llama-3.1-8b-128k-full");
  CHECK(cost_of(run).fits);
  run.workload.recompute = Recompute::none;
  const RunCost cost = cost_of(run);
  CHECK_FALSE(cost.fits);
  CHECK(cost.step_time > Seconds(0));
  CHECK(cost.notes.back().find("does not fit") == 0);
}
