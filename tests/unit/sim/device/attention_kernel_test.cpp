// The kernel that runs a layer is settled once: its time and its memory are of the same one.
#include "sim/device/attention_kernel.h"

#include "sim/step/step_model.h"
#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::attention_kernel_test {
namespace {

// 8B at 128K with MoBA on a device whose table has rows of one MoBA kernel alone.
Run run_on_rows_of(const std::string& implementation) {
  Run run = shipped_run("llama-3.1-8b-128k-moba");
  std::erase_if(run.device.profile,
                [&](const ProfileRow& row) { return row.mechanism == "moba" && row.implementation != implementation; });
  return run;
}

double part(const RunCost& cost, TimePart wanted) {
  for (const StepPart& one : cost.step_parts) {
    if (one.name == name(wanted)) return one.time.value();
  }
  return 0;
}

}  // namespace

TEST_CASE("The only kernel of a device's table needs the memory that it needs when it is named") {
  for (const std::string implementation : {"moba_official", "flash_moba", "mobasim_cuda"}) {
    Run run = run_on_rows_of(implementation);
    const RunCost found = cost_of(run);
    run.kernels.moba = implementation;
    const RunCost named = cost_of(run);
    INFO(implementation);
    CHECK(found.peak_memory == named.peak_memory);
    CHECK(found.fits == named.fits);
    CHECK(found.step_time == named.step_time);
  }
  const RunCost official = cost_of(run_on_rows_of("moba_official")), ours = cost_of(run_on_rows_of("mobasim_cuda"));
  CHECK(official.peak_memory > ours.peak_memory);
}

TEST_CASE("The kernel is the run's, else the stack's, else the fastest of the table, else none") {
  const Run run = shipped_run("moba-1.5b-32k");
  const LayerGroup group = with_attention(run.model, FullAttention{}).groups.front();
  const AttentionTable table(run.device, "bf16"), none(small_device(), "bf16");
  const auto kernel = [&](const AttentionTable& rows, const Stack& stack, const KernelChoice& kernels) {
    return KernelsOfRun(rows, run.device.name, stack, kernels).of(group, 32768).name();
  };
  Stack stack;
  stack.attention = {{"", "flash_attention_2"}};
  CHECK(kernel(table, stack, {}) == "flash_attention_2");
  CHECK(kernel(table, stack, {.full = "cudnn"}) == "cudnn");
  stack.attention[""] = "nowhere";
  CHECK(kernel(table, stack, {}) == kernel(table, {}, {}));
  CHECK(kernel(table, stack, {}) != "");
  CHECK(kernel(none, stack, {}) == "");
}

TEST_CASE("MoBA that attends to everything runs the kernel of full attention, in its time") {
  Run run = shipped_run("moba-1.5b-32k");
  run.kernels = {.full = "cudnn", .moba = "flash_moba"};
  const AttentionTable table(run.device, "bf16");
  const KernelsOfRun kernels(table, run.device.name, run.stack, run.kernels);
  LayerGroup group = run.model.groups.front(), full = group;
  full.attention = FullAttention{};
  for (const Moba& moba : {Moba{4096, 8}, Moba{2048, 40}, Moba{32768, 1}}) {
    group.attention = moba;
    CHECK(kernels.of(group, 32768).name() == "cudnn");
    CHECK(kernels.of(group, 65536).name() == (moba.block * moba.top_k < 65536 ? "flash_moba" : "cudnn"));
    for (const Pass pass : kPasses) {
      const auto time = [&](const LayerGroup& one) {
        return table.time(attention_layer(one, 32768, pass), kernels.of(one, 32768).timed);
      };
      CHECK(time(group).time == time(full).time);
      CHECK(time(group).basis == time(full).basis);
    }
  }
}

TEST_CASE("Where attention is by products, windows are a mask over all scores, in time and in memory") {
  Run run = shipped_run("moba-1.5b-32k");
  run.stack.attention = {{"", std::string(kMathAttention)}};
  run.model = with_attention(run.model, FullAttention{});
  const RunCost full = cost_of(run);
  run.model = with_attention(run.model, SlidingWindow{4096});
  const RunCost windows = cost_of(run);
  CHECK(windows.peak_memory == full.peak_memory);
  CHECK(part(windows, TimePart::attention) == part(full, TimePart::attention));
  // MoBA's own block is no mask: its kernels stay.
  run.model = with_attention(run.model, Moba{512, 1});
  CHECK(cost_of(run).peak_memory < full.peak_memory);
}

TEST_CASE("In eight and four bits attention runs in bf16, and its kernels may be named") {
  Run run = shipped_run("moba-1.5b-32k");
  run.workload.dtype = "fp8";
  run.kernels.moba = "flash_moba";
  CHECK(violations(run).empty());
}

}  // namespace mobasim::tests::attention_kernel_test
