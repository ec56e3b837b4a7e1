// Measured runs made ready: what goes into a model of time and memory tells two of them apart.
#include "sim/measured/prepared_run.h"

#include <functional>

#include "tests/catch.h"

namespace mobasim::tests::prepared_run_test {
namespace {

// A dense model of 8B on 8 H100, one row of a table.
MeasuredRun dense_run() {
  return measured_runs_from(
             CsvTable::from_text(
                 "id,framework,gpu,seq,gbs,n_gpus,hidden,ffn,layers,heads,kv_heads,vocab,tied_emb,glu,mbs,"
                 "gpus_per_node,tp,pp,vpp,dp,cp,sp,zero,recompute,precision\n"
                 "a,NeMo,H100,8192,16,8,4096,14336,32,32,8,128256,0,1,1,8,2,1,1,4,1,1,1,none,bf16\n",
                 "runs.csv"))
      .front();
}

RunPreparer preparer() {
  const auto configs = source_folder() / "configs";
  return {configs, stacks_from(configs / "stacks", {})};
}

struct Answer {
  double time = 0, memory = 0;
};

Answer answer(RunPreparer& preparer, const MeasuredRun& run) {
  const PreparedRun prepared = preparer.prepared(run);
  INFO(prepared.reason);
  REQUIRE(prepared.reason.empty());
  const Fastest best = fastest(prepared, {});
  return {best.time, prepared.candidates[best.candidate].memory};
}

}  // namespace

TEST_CASE("Runs that differ in any part of their shape are not answered by one model") {
  const MeasuredRun plain = dense_run();
  const std::vector<std::pair<std::string, std::function<void(ModelShape&)>>> changes = {
      {"qk_norm", [](ModelShape& model) { model.qk_norm = true; }},
      {"qkv_bias", [](ModelShape& model) { model.qkv_bias = true; }},
      {"linear_bias", [](ModelShape& model) { model.linear_bias = true; }},
      {"norm", [](ModelShape& model) { model.norm = Norm::layer_norm; }},
      {"positions", [](ModelShape& model) { model.positions = 8192; }},
  };
  for (const auto& [what, change] : changes) {
    RunPreparer together = preparer(), alone = preparer();
    MeasuredRun changed = plain;
    change(changed.model);
    const Answer first = answer(together, plain), second = answer(together, changed), wanted = answer(alone, changed);
    INFO(what);
    CHECK(second.time == wanted.time);
    CHECK(second.memory == wanted.memory);
    CHECK((second.time != first.time || second.memory != first.memory));
  }
}

TEST_CASE("A mixture of experts is not predicted, and told as such") {
  MeasuredRun run = dense_run();
  run.model.groups.front().experts = Experts{8, 2, 14336, 0};
  run.model.groups.front().ffn = 0;
  CHECK(preparer().prepared(run).reason == kExpertsNotModelled);
}

}  // namespace mobasim::tests::prepared_run_test
