// Laws that the time of a step obeys whatever the numbers: no layout beats the roofline, more never costs more, and
// axes of one device change nothing.
#include <random>

#include "sim/run/refusals.h"
#include "sim/step/step_model.h"
#include "tests/unit/sim/fixture.h"

using namespace mobasim;
using namespace mobasim::tests;

namespace {

ModelShape model_named(const std::string& name) {
  return model_from(source_folder() / "configs/models" / (name + ".yaml"));
}

std::vector<Stack> stacks() {
  const auto folder = source_folder() / "configs/stacks";
  return stacks_from(folder, "");
}

struct Case {
  Workload workload;
  Layout layout;
};

// Random layouts that are not refused.
std::vector<Case> cases(const ModelShape& model, const Device& device, std::int64_t sequence, int count) {
  std::mt19937 random(7);
  const auto power = [&](int most) { return std::int64_t{1} << (random() % static_cast<unsigned>(most + 1)); };
  std::vector<Case> found;
  while (static_cast<int>(found.size()) < count) {
    Case one;
    one.layout.tensor = power(3), one.layout.pipeline = power(3), one.layout.data = power(4);
    one.layout.context = power(1), one.layout.zero_stage = static_cast<std::int64_t>(random() % 4);
    one.layout.context_algorithm = static_cast<ContextAlgorithm>(random() % 3);
    one.layout.virtual_stages = one.layout.pipeline > 1 ? power(1) : 1;
    one.layout.sequence_parallel = random() % 2 == 0;
    one.workload = {.sequence = sequence, .global_batch = 256, .microbatch = power(2), .tokens = 1e9};
    one.workload.recompute = static_cast<Recompute>(random() % 3);
    if (refusals(model, one.workload, one.layout, device).empty()) found.push_back(one);
  }
  return found;
}

}  // namespace

TEST_CASE("No layout of any stack is faster than all its FLOPs at the peak") {
  const ModelShape model = model_named("llama-3.1-8b");
  for (const std::string name : {"a100-sxm", "h100-sxm", "b200-sxm", "mi300x"}) {
    const Device device = shipped_device(name);
    for (const Stack& stack : stacks()) {
      const StepModel step(model, device, stack, {}, "bf16", 8192);
      for (const Case& one : cases(model, device, 8192, 20)) {
        INFO(name << ", " << stack.name << ": " << description(one.layout));
        CHECK(step.time(one.workload, one.layout).total() > step.roofline(one.workload, one.layout));
      }
    }
  }
}

TEST_CASE("A faster network, link, memory or tensor core never makes any layout slower") {
  const ModelShape model = model_named("llama-3.1-8b");
  const Device device = shipped_device("h100-sxm");
  std::vector<Device> faster(4, device);
  faster[0].network_bandwidth *= 2;
  faster[1].link_bandwidth *= 2;
  faster[2].memory_bandwidth *= 2;
  for (auto& [dtype, rate] : faster[3].peak) rate *= 2;
  for (const Stack& stack : stacks()) {
    const StepModel step(model, device, stack, {}, "bf16", 8192);
    std::vector<StepModel> others;
    for (const Device& one : faster) others.emplace_back(model, one, stack, KernelChoice{}, "bf16", 8192);
    for (const Case& one : cases(model, device, 8192, 30)) {
      const double before = step.time(one.workload, one.layout).total();
      for (std::size_t i = 0; i < others.size(); ++i) {
        INFO(stack.name << ", " << i << ": " << description(one.layout));
        CHECK(others[i].time(one.workload, one.layout).total() <= before * (1 + 1e-12));
      }
    }
  }
}

TEST_CASE("A pipeline of one stage is no pipeline, whatever its schedule") {
  const ModelShape model = model_named("llama-3.1-8b");
  const StepModel step(model, shipped_device("h100-sxm"), stacks().front(), {}, "bf16", 4096);
  const Workload workload{.sequence = 4096, .global_batch = 64, .microbatch = 1, .tokens = 1e9};
  Layout layout;
  layout.data = 8;
  const StepTime plain = step.time(workload, layout);
  CHECK(plain[TimePart::bubble] == Approx(0).margin(1e-9));
  CHECK(plain[TimePart::pipeline] == 0);
  for (const PipelineSchedule schedule : {PipelineSchedule::gpipe, PipelineSchedule::zero_bubble_h1}) {
    layout.schedule = schedule;
    CHECK(step.time(workload, layout).total() == Approx(plain.total()).epsilon(1e-12));
  }
}

TEST_CASE("The parts of a step are not negative, and a bubble shrinks with more microbatches and with chunks") {
  const ModelShape model = model_named("llama-3.1-8b");
  const Device device = shipped_device("h100-sxm");
  const StepModel step(model, device, stacks().front(), {}, "bf16", 4096);
  for (const Case& one : cases(model, device, 4096, 200)) {
    const StepTime time = step.time(one.workload, one.layout);
    for (std::size_t i = 0; i < kTimeParts; ++i) {
      INFO(name(static_cast<TimePart>(i)) << " of " << description(one.layout));
      CHECK(time.seconds[i] >= -1e-9 * time.total());
    }
  }
  Layout layout;
  layout.pipeline = 4;
  Workload workload{.sequence = 4096, .global_batch = 16, .microbatch = 1, .tokens = 1e9};
  const auto share = [&] {
    const StepTime time = step.time(workload, layout);
    return time[TimePart::bubble] / time.total();
  };
  const double few = share();
  workload.global_batch = 64;
  const double many = share();
  layout.virtual_stages = 4;
  CHECK(many < few);
  CHECK(share() < many);
}

TEST_CASE("MoBA that attends to every block costs what full attention costs, in every layout") {
  const ModelShape full = model_named("llama-3.1-8b");
  const ModelShape moba = with_attention(full, Moba{1024, 8});
  const Device device = shipped_device("h100-sxm");
  for (const Stack& stack : stacks()) {
    const StepModel a(full, device, stack, {}, "bf16", 8192), b(moba, device, stack, {}, "bf16", 8192);
    for (const Case& one : cases(full, device, 8192, 10)) {
      CHECK(a.time(one.workload, one.layout).total() == b.time(one.workload, one.layout).total());
    }
  }
}

TEST_CASE("Tensor shards sum to the whole: products and attention of t devices are never less than one device's") {
  const ModelShape model = model_named("llama-3.1-8b");
  const StepModel step(model, shipped_device("h100-sxm"), stacks().front(), {}, "bf16", 8192);
  const Workload workload{.sequence = 8192, .global_batch = 16, .microbatch = 1, .tokens = 1e9};
  const StepTime whole = step.time(workload, {});
  for (const std::int64_t tensor : {2, 4, 8}) {
    Layout layout;
    layout.tensor = tensor;
    const StepTime shard = step.time(workload, layout);
    CHECK(shard[TimePart::attention] * static_cast<double>(tensor) == Approx(whole[TimePart::attention]));
    // Waves and ramps of smaller products: within the quantisation.
    CHECK(shard[TimePart::gemm] * static_cast<double>(tensor) > 0.97 * whole[TimePart::gemm]);
    CHECK(shard[TimePart::gemm] * static_cast<double>(tensor) < 1.5 * whole[TimePart::gemm]);
  }
}

TEST_CASE("Full recomputation adds each layer's forward pass, and nothing else, less where it stops early") {
  const ModelShape model = model_named("llama-3.1-8b");
  Stack stack;
  const StepModel step(model, shipped_device("h100-sxm"), stack, {}, "bf16", 8192);
  stack.stops_early = true;
  const StepModel early(model, shipped_device("h100-sxm"), stack, {}, "bf16", 8192);
  Workload workload{.sequence = 8192, .global_batch = 16, .microbatch = 1, .tokens = 1e9};
  const StepTime once = step.time(workload, {});
  workload.recompute = Recompute::full;
  const StepTime twice = step.time(workload, {});
  CHECK(twice[TimePart::gemm] > 1.25 * once[TimePart::gemm]);
  CHECK(twice[TimePart::gemm] < 4.0 / 3 * once[TimePart::gemm] * 1.01);
  CHECK(twice[TimePart::optimizer] == once[TimePart::optimizer]);
  const StepTime stopped = early.time(workload, {});
  CHECK(stopped[TimePart::gemm] > once[TimePart::gemm]);
  CHECK(stopped[TimePart::gemm] < 0.95 * twice[TimePart::gemm]);
  CHECK(stopped[TimePart::attention] == twice[TimePart::attention]);
}

TEST_CASE("MoBA's routing has a part of its own, and a hybrid lies between its two ends") {
  const ModelShape full = model_named("llama-3.1-8b");
  const Device device = shipped_device("h100-sxm");
  const Workload workload{.sequence = 131072, .global_batch = 16, .microbatch = 1, .tokens = 1e9};
  const auto time = [&](const ModelShape& model) {
    return StepModel(model, device, {}, {}, "bf16", 131072).time(workload, {});
  };
  const Moba moba{512, 3};
  const StepTime sparse = time(with_attention(full, moba)), dense = time(full);
  const StepTime hybrid = time(with_attention_segments(full, {{29, moba}, {3, FullAttention{}}}));
  CHECK(sparse[TimePart::routing] > 0);
  CHECK(dense[TimePart::routing] == 0);
  CHECK(sparse.total() < hybrid.total());
  CHECK(hybrid.total() < dense.total());
}

TEST_CASE("A model told in two groups costs what it costs in one, in every layout") {
  const ModelShape one = model_named("llama-3.1-8b");
  const ModelShape two = with_attention_segments(one, {{29, FullAttention{}}, {3, FullAttention{}}});
  REQUIRE(two.groups.size() == 2);
  const Device device = shipped_device("h100-sxm");
  const StepModel a(one, device, {}, {}, "bf16", 8192), b(two, device, {}, {}, "bf16", 8192);
  for (const Case& each : cases(one, device, 8192, 200)) {
    INFO(description(each.layout));
    CHECK(b.time(each.workload, each.layout).total() ==
          Approx(a.time(each.workload, each.layout).total()).epsilon(1e-12));
  }
}
