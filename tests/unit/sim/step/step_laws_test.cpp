// Laws that the time of a step obeys whatever the numbers: no layout beats the roofline, more never costs more, and
// axes of one device change nothing.
#include <random>

#include "sim/run/refusals.h"
#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::step_laws_test {
namespace {

ModelShape model_named(const std::string& name) {
  return model_from(source_folder() / "configs/models" / (name + ".yaml"));
}

std::vector<Stack> stacks() {
  const auto folder = source_folder() / "configs/stacks";
  return stacks_from(folder, "");
}

constexpr std::int64_t kBatch = 256;

// Random executions that are not refused.
std::vector<Execution> cases(const ModelShape& model, const Device& device, std::int64_t sequence, int count) {
  std::mt19937 random(7);
  const auto power = [&](int most) { return std::int64_t{1} << (random() % static_cast<unsigned>(most + 1)); };
  std::vector<Execution> found;
  const Workload workload{.sequence = sequence, .global_batch = kBatch, .tokens = 1e9};
  while (static_cast<int>(found.size()) < count) {
    Execution one;
    Layout& layout = one.layout;
    layout.tensor = power(3);
    layout.pipeline = power(3);
    layout.data = power(4);
    layout.context = power(1);
    layout.zero_stage = static_cast<std::int64_t>(random() % 4);
    layout.context_algorithm = static_cast<ContextAlgorithm>(random() % 3);
    layout.virtual_stages = layout.pipeline > 1 ? power(1) : 1;
    layout.sequence_parallel = random() % 2 == 0;
    one.microbatch = power(2);
    one.recompute = static_cast<Recompute>(random() % 3);
    if (allowed(model, workload, one, device)) found.push_back(one);
  }
  return found;
}

}  // namespace

TEST_CASE("No layout of any stack is faster than all its FLOPs at the peak") {
  const ModelShape model = model_named("llama-3.1-8b");
  for (const std::string name : {"a100-sxm", "h100-sxm", "b200-sxm", "mi300x"}) {
    const Device device = shipped_device(name);
    for (const Stack& stack : stacks()) {
      const Evaluator evaluator = evaluator_on(model, device, stack, 8192);
      const StepModel& step = evaluator.step();
      for (const Execution& one : cases(model, device, 8192, 20)) {
        INFO(name << ", " << stack.name << ": " << description(one.layout));
        CHECK(step.time(kBatch, one).total() > step.roofline(kBatch, one));
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
    const Evaluator evaluator = evaluator_on(model, device, stack, 8192);
      const StepModel& step = evaluator.step();
    std::vector<Evaluator> others;
    for (const Device& one : faster) others.push_back(evaluator_on(model, one, stack, 8192));
    for (const Execution& one : cases(model, device, 8192, 30)) {
      const double before = step.time(kBatch, one).total();
      for (std::size_t i = 0; i < others.size(); ++i) {
        INFO(stack.name << ", " << i << ": " << description(one.layout));
        CHECK(others[i].step().time(kBatch, one).total() <= before * (1 + 1e-12));
      }
    }
  }
}

TEST_CASE("A pipeline of one stage is no pipeline, whatever its schedule") {
  const ModelShape model = model_named("llama-3.1-8b");
  const Evaluator evaluator = evaluator_on(model, shipped_device("h100-sxm"), stacks().front(), 4096);
  const StepModel& step = evaluator.step();
  Execution execution;
  execution.layout.data = 8;
  const StepTime plain = step.time(64, execution);
  CHECK(plain[TimePart::bubble] == Approx(0).margin(1e-9));
  CHECK(plain[TimePart::pipeline] == 0);
  for (const PipelineSchedule schedule : {PipelineSchedule::gpipe, PipelineSchedule::zero_bubble_h1}) {
    execution.layout.schedule = schedule;
    CHECK(step.time(64, execution).total() == Approx(plain.total()).epsilon(1e-12));
  }
}

TEST_CASE("The parts of a step are not negative, and a bubble shrinks with more microbatches and with chunks") {
  const ModelShape model = model_named("llama-3.1-8b");
  const Device device = shipped_device("h100-sxm");
  const Evaluator evaluator = evaluator_on(model, device, stacks().front(), 4096);
  const StepModel& step = evaluator.step();
  for (const Execution& one : cases(model, device, 4096, 200)) {
    const StepTime time = step.time(kBatch, one);
    for (std::size_t i = 0; i < kTimeParts; ++i) {
      INFO(name(static_cast<TimePart>(i)) << " of " << description(one.layout));
      CHECK(time.seconds[i] >= -1e-9 * time.total());
    }
  }
  Execution execution;
  execution.layout.pipeline = 4;
  const auto share = [&](std::int64_t global_batch) {
    const StepTime time = step.time(global_batch, execution);
    return time[TimePart::bubble] / time.total();
  };
  const double few = share(16), many = share(64);
  execution.layout.virtual_stages = 4;
  CHECK(many < few);
  CHECK(share(64) < many);
}

TEST_CASE("MoBA that attends to every block costs what full attention costs, in every layout") {
  const ModelShape full = model_named("llama-3.1-8b");
  const ModelShape moba = with_attention(full, Moba{1024, 8});
  const Device device = shipped_device("h100-sxm");
  for (const Stack& stack : stacks()) {
    const Evaluator a = evaluator_on(full, device, stack, 8192), b = evaluator_on(moba, device, stack, 8192);
    for (const Execution& one : cases(full, device, 8192, 10)) {
      CHECK(a.step().time(kBatch, one).total() == b.step().time(kBatch, one).total());
    }
  }
}

TEST_CASE("Tensor shards sum to the whole: products and attention of t devices are never less than one device's") {
  const ModelShape model = model_named("llama-3.1-8b");
  const Evaluator evaluator = evaluator_on(model, shipped_device("h100-sxm"), stacks().front(), 8192);
  const StepModel& step = evaluator.step();
  const StepTime whole = step.time(16, {});
  for (const std::int64_t tensor : {2, 4, 8}) {
    Execution execution;
    execution.layout.tensor = tensor;
    const StepTime shard = step.time(16, execution);
    CHECK(shard[TimePart::attention] * static_cast<double>(tensor) == Approx(whole[TimePart::attention]));
    // Waves and ramps of smaller products: within the quantisation.
    CHECK(shard[TimePart::gemm] * static_cast<double>(tensor) > 0.97 * whole[TimePart::gemm]);
    CHECK(shard[TimePart::gemm] * static_cast<double>(tensor) < 1.5 * whole[TimePart::gemm]);
  }
}

TEST_CASE("Full recomputation adds each layer's forward pass, and nothing else, less where it stops early") {
  const ModelShape model = model_named("llama-3.1-8b");
  Stack stack;
  const Evaluator to_the_end = evaluator_on(model, shipped_device("h100-sxm"), stack, 8192);
  stack.policy.stops_early = true;
  const Evaluator early = evaluator_on(model, shipped_device("h100-sxm"), stack, 8192);
  const StepTime once = to_the_end.step().time(16, {});
  const Execution again{.recompute = Recompute::full};
  const StepTime twice = to_the_end.step().time(16, again);
  CHECK(twice[TimePart::gemm] > 1.25 * once[TimePart::gemm]);
  CHECK(twice[TimePart::gemm] < 4.0 / 3 * once[TimePart::gemm] * 1.01);
  CHECK(twice[TimePart::optimizer] == once[TimePart::optimizer]);
  const StepTime stopped = early.step().time(16, again);
  CHECK(stopped[TimePart::gemm] > once[TimePart::gemm]);
  CHECK(stopped[TimePart::gemm] < 0.95 * twice[TimePart::gemm]);
  CHECK(stopped[TimePart::attention] == twice[TimePart::attention]);
}

TEST_CASE("MoBA's routing has a part of its own, and a hybrid lies between its two ends") {
  const ModelShape full = model_named("llama-3.1-8b");
  const Device device = shipped_device("h100-sxm");
  const auto time = [&](const ModelShape& model) { return evaluator_on(model, device, {}, 131072).step().time(16, {}); };
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
  const Evaluator a = evaluator_on(one, device, {}, 8192), b = evaluator_on(two, device, {}, 8192);
  for (const Execution& each : cases(one, device, 8192, 200)) {
    INFO(description(each.layout));
    CHECK(b.step().time(kBatch, each).total() == Approx(a.step().time(kBatch, each).total()).epsilon(1e-12));
  }
}

}  // namespace mobasim::tests::step_laws_test
