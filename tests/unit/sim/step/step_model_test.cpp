// The operations of a step and their time: laws, and closed forms counted on fingers.
#include "sim/cost/step_cost.h"

#include "sim/model/layer_matrices.h"
#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::step_model_test {
namespace {

const StepPart& part(const RunCost& cost, const std::string& name) {
  for (const StepPart& each : cost.step_parts) {
    if (each.name == name) return each;
  }
  throw std::runtime_error("no part " + name);
}

}  // namespace

TEST_CASE("A token is multiplied by the values of a layer's matrices") {
  const ModelShape model = small_model();
  CHECK(active_matrix_values(model, model.groups.front()) == 64 * (64 + 2 * 32) + 64 * 64 + 3 * 64 * 160);
}

TEST_CASE("Model FLOPs per token: 6 per matrix parameter, the head's too where asked, and attention") {
  const ModelShape model = small_model();
  const double layer = 64 * (64 + 2 * 32) + 64 * 64 + 3 * 64 * 160;
  const double attention = 3 * 12.0 * 16 * 4 * (1024.0 * 1025 / 2) / 1024;  // 12 d per pair and head
  CHECK(attention_flops_per_token(model, 1024).value() == Approx(attention));
  CHECK(model_flops_per_token(model, 1024, false).value() == Approx(6 * 3 * layer + attention));
  CHECK(model_flops_per_token(model, 1024, true).value() == Approx(6 * (3 * layer + 64 * 128) + attention));
}

TEST_CASE("Of the experts only the active ones work") {
  ModelShape model = small_model();
  model.groups.front().ffn = 0;
  model.groups.front().experts = Experts{.experts = 8, .active = 2, .ffn = 96, .shared_ffn = 32};
  const double layer = 64 * (64 + 2 * 32) + 64 * 64 + 64 * 8 + 2 * 3 * 64 * 96 + 3 * 64 * 32;
  const double attention = attention_flops_per_token(model, 512).value();
  CHECK(model_flops_per_token(model, 512, false).value() == Approx(6 * 3 * layer + attention));
}

TEST_CASE("The parts of a step add up, and the step is not below its model FLOPs at the peak") {
  for (const std::string name : {"moba-1.5b-32k", "llama-3.1-8b-128k-full", "llama-3.1-8b-128k-moba"}) {
    const Run run = shipped_run(name);
    const RunCost cost = cost_of(run);
    Seconds time, lo, hi;
    for (const StepPart& each : cost.step_parts) time += each.time, lo += each.lo, hi += each.hi;
    CHECK(time.value() == Approx(cost.step_time.value()));
    CHECK(lo.value() == Approx(cost.step_time_lo.value()));
    CHECK(hi.value() == Approx(cost.step_time_hi.value()));
    CHECK(cost.step_time_lo < cost.step_time);
    CHECK(cost.step_time < cost.step_time_hi);
    CHECK(cost.mfu > 0);
    CHECK(cost.mfu * (cost.step_time / cost.step_time_lo) < 1);
    // MoBA's block and top_k of the first were timed, those of the last were not; nor was full attention beyond 64K.
    CHECK(cost.basis == (name == "moba-1.5b-32k" ? Basis::published : Basis::extrapolated));
  }
}

TEST_CASE("One device has nothing to communicate, two have") {
  for (const std::int64_t stage : {0, 1, 2, 3}) {
    Run run = small_run();
    run.execution.layout = {.data = 1, .zero_stage = stage};
    CHECK(part(cost_of(run), "data exposed").time == Seconds(0));
    run.execution.layout.data = 2;
    CHECK(part(cost_of(run), "data exposed").time > Seconds(0));
  }
}

TEST_CASE("More bandwidth, more FLOP/s or a faster link never make a step slower") {
  for (const Attention& attention : {Attention(FullAttention{}), Attention(Moba{128, 2})}) {
    Run run = small_run(attention);
    run.execution.layout = {.data = 8, .zero_stage = 1};
    const Seconds before = cost_of(run).step_time;
    Run wider = run, stronger = run, linked = run;
    wider.device.memory_bandwidth *= 2;
    stronger.device.peak["bf16"] *= 2;
    linked.device.network_bandwidth *= 2;
    CHECK(cost_of(wider).step_time <= before);
    CHECK(cost_of(stronger).step_time < before);
    CHECK(cost_of(linked).step_time < before);
  }
}

TEST_CASE("The same tokens in longer sequences are never cheaper") {
  for (const Attention& attention : {Attention(FullAttention{}), Attention(Moba{512, 3}), Attention(Moba{128, 8})}) {
    Run run = shipped_run("moba-1.5b-32k");
    run.model = with_attention(run.model, attention);
    run.execution.layout.data = 1;
    Seconds before(0);
    for (std::int64_t sequence = 2048; sequence <= 262144; sequence *= 2) {
      run.workload.sequence = sequence;
      run.workload.global_batch = run.execution.microbatch = 262144 / sequence;  // the same products
      const Seconds now = cost_of(run).step_time;
      INFO(description(attention) << " at " << sequence << ": " << before.value() << " s, then " << now.value()
                                  << " s");
      // Up to 16K MoBA was timed on 16K tokens, beyond on one sequence, which fills a GPU better.
      const bool fuller = sequence == 32768 && !std::holds_alternative<FullAttention>(attention);
      CHECK(before <= now * (fuller ? 1.02 : 1 + 1e-9));
      before = now;
    }
  }
}

TEST_CASE("MoBA with top_k * block >= sequence costs what full attention costs, and the user is told") {
  Run full = small_run(), moba = small_run(Moba{128, 8});
  const RunCost a = cost_of(full), b = cost_of(moba);
  CHECK(a.step_time == b.step_time);
  CHECK(a.step_model_flops == b.step_model_flops);
  CHECK(a.peak_memory == b.peak_memory);
  CHECK(a.notes.size() + 1 == b.notes.size());
  REQUIRE_FALSE(b.notes.empty());
  CHECK(b.notes.front().find("top_k * block = 1024 >= sequence") != std::string::npos);
}

TEST_CASE("Recomputation adds each layer's forward pass once more, and no model FLOPs") {
  Run run = small_run();
  const RunCost once = cost_of(run);
  run.execution.recompute = Recompute::full;
  const RunCost twice = cost_of(run);
  CHECK(part(twice, "matrix products").time / part(once, "matrix products").time == Approx(4.0 / 3).epsilon(0.05));
  CHECK(part(twice, "attention").time > part(once, "attention").time);
  CHECK(twice.step_model_flops == once.step_model_flops);
  CHECK(twice.mfu < once.mfu);
}

TEST_CASE("Twice the devices at the same batch take half the work each") {
  Run run = small_run();
  run.device.link_bandwidth = ByteRate(1e30);
  const RunCost one = cost_of(run);
  run.execution.layout.data = 4;
  const RunCost four = cost_of(run);
  CHECK(four.step_model_flops == one.step_model_flops);
  CHECK(part(four, "matrix products").time.value() == Approx(part(one, "matrix products").time.value() / 4));
  CHECK(part(four, "optimizer").time == part(one, "optimizer").time);
  run.execution.layout.zero_stage = 1;
  CHECK(part(cost_of(run), "optimizer").time.value() == Approx(part(one, "optimizer").time.value() / 4));
}

}  // namespace mobasim::tests::step_model_test
