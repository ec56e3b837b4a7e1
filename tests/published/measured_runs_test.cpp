// Published, measured training runs that are split by data parallelism alone, beside what the simulator says of them.
// Nothing was fitted to them: devices' efficiencies come from kernel measurements.
//
// llm-foundry: MosaicML's table of MPT training throughput (github.com/mosaicml/llm-foundry,
// scripts/train/benchmarking), FSDP, attention kernels of the FlashAttention-1 generation. fms-fsdp:
// github.com/foundation-model-stack/fms-fsdp.
#include <cmath>

#include "sim/cost/run_cost.h"
#include "tests/catch.h"

namespace mobasim::tests::measured_runs_test {
namespace {

struct MeasuredRun {
  const char* name;
  std::int64_t hidden, ffn, layers, heads, head_dim, vocab;
  bool gated;
  std::int64_t sequence, global_batch, microbatch, data, zero_stage;
  Recompute recompute;
  const char* device;
  const char* kernel;
  double step_time;  // seconds
};

constexpr auto kNone = Recompute::none;
constexpr auto kFull = Recompute::full;

const MeasuredRun kRuns[] = {
    {"MPT-70b", 8192, 32768, 80, 64, 128, 50368, false, 2048, 4096, 8, 512, 3, kFull, "h100-sxm", "flash_attention_1",
     16.26847},
    {"MPT-30b", 7168, 28672, 48, 56, 128, 50368, false, 2048, 1024, 8, 128, 3, kFull, "h100-sxm", "flash_attention_1",
     7.45016},
    {"MPT-13b", 5120, 20480, 40, 40, 128, 50368, false, 2048, 16, 2, 8, 3, kNone, "h100-sxm", "flash_attention_1",
     0.85476},
    {"MPT-7b", 4096, 16384, 32, 32, 128, 50368, false, 2048, 48, 6, 8, 3, kNone, "h100-sxm", "flash_attention_1",
     1.15456},
    {"MPT-3b", 2560, 10240, 32, 20, 128, 50368, false, 65536, 16, 1, 8, 3, kFull, "h100-sxm", "flash_attention_1",
     40.17687},
    {"MPT-1b", 2048, 8192, 24, 16, 128, 50368, false, 8192, 96, 3, 8, 3, kNone, "h100-sxm", "flash_attention_1",
     3.37154},
    {"MPT-70b", 8192, 32768, 80, 64, 128, 50368, false, 2048, 2048, 8, 64, 3, kFull, "a100-sxm", "flash_attention_1",
     159.63706},
    {"MPT-13b", 5120, 20480, 40, 40, 128, 50368, false, 32768, 24, 1, 8, 3, kFull, "a100-sxm", "flash_attention_1",
     96.68453},
    {"MPT-7b", 4096, 16384, 32, 32, 128, 50368, false, 2048, 96, 6, 8, 3, kNone, "a100-sxm", "flash_attention_1",
     5.29513},
    {"Llama2-7b", 4096, 11008, 32, 32, 128, 32000, true, 4096, 192, 2, 96, 3, kNone, "h100-sxm", "flash_attention_2",
     0.85333},
};

Run run_of(const MeasuredRun& measured) {
  Run run;
  run.name = measured.name;
  run.model.name = measured.name;
  run.model.source = "the published run";
  run.model.hidden = measured.hidden;
  run.model.vocab = measured.vocab;
  run.model.tied_embeddings = !measured.gated;
  run.model.norm = measured.gated ? Norm::rms_norm : Norm::layer_norm;
  run.model.positions = measured.gated ? 0 : measured.sequence;
  LayerGroup group;
  group.layers = measured.layers;
  group.heads = group.kv_heads = measured.heads;
  group.head_dim = measured.head_dim;
  group.ffn = measured.ffn;
  group.gated = measured.gated;
  run.model.groups = {group};
  run.workload.sequence = measured.sequence;
  run.workload.global_batch = measured.global_batch;
  run.execution.microbatch = measured.microbatch;
  run.workload.tokens = 1e9;
  run.execution.recompute = measured.recompute;
  run.execution.layout = {.data = measured.data, .zero_stage = measured.zero_stage};
  run.kernels.full = measured.kernel;
  run.device = device_from(tests::source_folder() / "configs/devices" / (std::string(measured.device) + ".yaml"));
  return run;
}

}  // namespace

TEST_CASE("Published runs lie within the simulator's interval, and within 30% of its estimate") {
  for (const MeasuredRun& measured : kRuns) {
    const RunCost cost = cost_of(run_of(measured));
    const double error = cost.step_time.value() / measured.step_time - 1;
    INFO(measured.name << " at " << measured.sequence << " on " << measured.data << " " << measured.device << ": "
                       << cost.step_time.value() << " s (" << cost.step_time_lo.value() << " to "
                       << cost.step_time_hi.value() << "), measured " << measured.step_time << " s");
    CHECK(std::abs(error) < 0.30);
    CHECK(cost.step_time_lo.value() <= measured.step_time);
    CHECK(measured.step_time <= cost.step_time_hi.value());
  }
}

}  // namespace mobasim::tests::measured_runs_test
