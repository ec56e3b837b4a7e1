// A whole run: steps, hours, money, and the axes that figures are drawn over.
#include "sim/cost/run_cost.h"

#include <algorithm>

#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::run_cost_test {
TEST_CASE("Steps, hours and price follow from the step") {
  Run run = shipped_run("moba-1.5b-32k");
  const RunCost cost = cost_of(run);
  CHECK(cost.steps == Approx(27.4e9 / (192 * 32768.0)));
  CHECK(cost.run_time.value() == Approx(cost.steps * cost.step_time.value()));
  CHECK(cost.device_hours == Approx(64 * cost.run_time.value() / 3600));
  REQUIRE(cost.price);
  CHECK(cost.price->value() == Approx(2.5 * cost.device_hours));
  CHECK(cost.price_lo->value() == Approx(2.5 * cost.device_hours_lo));
  CHECK(cost.price_hi->value() == Approx(2.5 * cost.device_hours_hi));
  CHECK(cost.run_model_flops.value() == Approx(cost.steps * cost.step_model_flops.value()));
  CHECK(cost.run_6nd / kPetaflopDay == Approx(6 * 1.5e9 * 27.4e9 / 8.64e19));
  run.device.price.reset();
  CHECK_FALSE(cost_of(run).price);
}

TEST_CASE("The basis of a run is the worst of what its step rests on") {
  Run run = small_run();
  CHECK(cost_of(run).basis == Basis::assumed);
  for (Efficiency* efficiency : {&run.device.gemm, &run.device.memory_bound, &run.device.attention["full"]}) {
    efficiency->basis = Basis::published;
  }
  CHECK(cost_of(run).basis == Basis::published);  // the assumed start of a kernel takes less than 1% of the time
  run.execution.layout.data = 2;
  run.device.link_bandwidth = ByteRate(0.01);
  CHECK(cost_of(run).basis == Basis::assumed);
}

TEST_CASE("MoBA's model FLOPs are less than full attention's by what it does not attend to") {
  const Run run = shipped_run("moba-1.5b-32k");
  const ModelShape full = with_attention(run.model, FullAttention{});
  const double saved =
      (model_flops_per_token(full, 32768, true) - model_flops_per_token(run.model, 32768, true)).value();
  const double pairs = 16384.5 - 1256.5;         // per query
  const double gate = 2.0 * 128 * (64 - 1) / 2;  // past blocks of a query on average
  CHECK(saved == Approx(20 * 20 * (12 * 128 * pairs - gate)).epsilon(1e-9));
}

TEST_CASE("A mixture of experts is planned as assumed, with a wide interval, and says what is missing") {
  Run run = shipped_run("moba-1.5b-32k");
  std::string problem;
  run.stack = shipped_stack("nemo-hopper", source_folder() / "configs", problem);
  REQUIRE(run.stack.evidence.has_value());
  const RunCost dense = cost_of(run);
  LayerGroup& group = run.model.groups.front();
  group.experts = Experts{8, 2, group.ffn, 0};
  group.ffn = 0;
  const RunCost experts = cost_of(run);
  const auto said = [](const RunCost& cost) {
    return std::any_of(cost.notes.begin(), cost.notes.end(), [](const std::string& note) {
      return note.starts_with(kExpertsNotModelled) && note.find("lower estimate") != std::string::npos;
    });
  };
  CHECK(said(experts));
  CHECK_FALSE(said(dense));
  CHECK(dense.basis < Basis::assumed);
  CHECK(experts.basis == Basis::assumed);
  CHECK(experts.step_time_hi / experts.step_time > 1.4);
  CHECK(dense.step_time_hi / dense.step_time < 1.4);
}

}  // namespace mobasim::tests::run_cost_test
