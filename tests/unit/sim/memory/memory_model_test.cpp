// The memory of a run: closed forms and laws.
#include "sim/memory/memory_model.h"

#include <algorithm>

#include "sim/search/remedies.h"
#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::memory_model_test {
namespace {

using Part = MemoryComponent;

MemoryModel model_of(const Run& run, const Stack& stack = {}) {
  std::vector<std::string_view> kernels;
  for (const LayerGroup& group : run.model.groups) {
    kernels.push_back(chosen_implementation(run.kernels, group.attention));
  }
  return {run.model, stack.policy, kernels, run.workload.dtype, run.workload.sequence};
}

MemoryUse use_of(const Run& run, const Stack& stack = {}) {
  return model_of(run, stack).worst(run.workload.global_batch, run.execution);
}

double peak(const Run& run, const Stack& stack = {}) { return use_of(run, stack).total(); }

double states(const MemoryUse& use) { return use[Part::weights] + use[Part::gradients] + use[Part::optimizer]; }

// A run whose layout can be split in every way: 8 layers, 8 heads.
Run wide_run(const Attention& attention = FullAttention{}) {
  Run run = small_run(attention);
  run.model.hidden = 512;
  LayerGroup& group = run.model.groups.front();
  group.layers = 8;
  group.heads = group.kv_heads = 8;
  group.head_dim = 64;
  group.ffn = 1408;
  run.workload.global_batch = 64;
  return run;
}

const Recompute kRecomputes[] = {Recompute::none, Recompute::selective, Recompute::full};

}  // namespace

TEST_CASE("Bytes per parameter: 18 for bf16, 20 for fp16, 16 for f32, sharded by ZeRO stage") {
  Run run = small_run();
  const auto all = static_cast<double>(parameters(run.model).total);
  for (const auto& [dtype, unsharded, kept] :
       {std::tuple{"bf16", 18.0, 6.0}, {"fp16", 20.0, 4.0}, {"f32", 16.0, 8.0}}) {
    run.workload.dtype = dtype;
    run.execution.layout = {};
    CHECK(states(use_of(run)) == Approx(unsharded * all));
    run.execution.layout.data = 4;
    run.execution.layout.zero_stage = 1;
    CHECK(states(use_of(run)) == Approx((kept + (unsharded - kept) / 4) * all));
    for (const std::int64_t stage : {0, 1, 2, 3}) {  // nothing to share with
      run.execution.layout.data = 1;
      run.execution.layout.zero_stage = stage;
      CHECK(states(use_of(run)) == Approx(unsharded * all));
    }
  }
}

TEST_CASE("DeepSpeed's BF16 optimizer keeps 8 bytes per parameter whole, and FSDP has no master copy") {
  Run run = small_run();
  const auto all = static_cast<double>(parameters(run.model).total);
  run.execution.layout.data = 4;
  run.execution.layout.zero_stage = 1;
  Stack stack;
  stack.policy.second_gradient_bytes = 2;
  CHECK(states(use_of(run, stack)) == Approx((8 + 12.0 / 4) * all));
  Stack fsdp;
  fsdp.policy.f32_weights = true;
  run.execution.layout = {};
  CHECK(states(use_of(run, fsdp)) == Approx(16 * all));
}

TEST_CASE("A higher ZeRO stage never needs more, and the peak is never below the weights") {
  for (const std::string name : {"moba-1.5b-32k", "llama-3.1-8b-128k-full"}) {
    Run run = shipped_run(name);
    double before = 1e30;
    for (const std::int64_t stage : {0, 1, 2, 3}) {
      run.execution.layout.zero_stage = stage;
      CHECK(peak(run) <= before);
      CHECK(peak(run) >= use_of(run)[Part::weights]);
      before = peak(run);
    }
  }
}

TEST_CASE("A shard group smaller than the replicas shares less, and the whole group shares most") {
  Run run = wide_run();
  run.execution.layout.data = 8;
  run.execution.layout.zero_stage = 1;
  const auto optimizer = [&](std::int64_t shard) {
    run.execution.layout.shard = shard;
    return use_of(run)[Part::optimizer];
  };
  CHECK(optimizer(2) == Approx(4 * optimizer(8)));
  CHECK(optimizer(8) == optimizer(0));
}

TEST_CASE("Recomputing more never needs more, selective changes nothing where scores are not kept") {
  for (const std::string kernel : {"math", "flash_attention_2"}) {
    Run run = wide_run();
    run.kernels.full = kernel;
    double before = 1e30;
    for (const Recompute recompute : kRecomputes) {
      run.execution.recompute = recompute;
      CHECK(peak(run) <= before);
      before = peak(run);
    }
    run.execution.recompute = Recompute::none;
    const double all = peak(run);
    run.execution.recompute = Recompute::selective;
    CHECK((peak(run) < all) == (kernel == "math"));
  }
}

TEST_CASE("Chunks of the loss and an offloaded optimizer need less, a larger microbatch more") {
  Run run = shipped_run("moba-1.5b-32k");
  run.execution.recompute = Recompute::full;
  const double before = peak(run);
  run.execution.loss_chunks = 1;
  const MemoryUse whole = use_of(run);
  CHECK(whole.total() > before);
  CHECK(whole[Part::logits] > 10.0 * 32768 * 163840);
  CHECK(whole[Part::working_layer] == 0);
  run.execution.microbatch = 3;
  CHECK(use_of(run)[Part::logits] > 3 * 10.0 * 32768 * 163840);
  run.execution.offload_optimizer = true;
  CHECK(use_of(run)[Part::optimizer] == 0);
}

TEST_CASE("A tensor group's shards of the matrices add up to the whole, and norms are on each device") {
  Run run = wide_run();
  const auto all = static_cast<double>(parameters(run.model).total);
  const double norms = 512 * (2 * 8 + 1);
  for (const std::int64_t tensor : {1, 2, 4, 8}) {
    run.execution.layout.tensor = tensor;
    CHECK(use_of(run)[Part::weights] == Approx(2 * ((all - norms) / static_cast<double>(tensor) + norms)));
  }
}

TEST_CASE("More devices never need more memory on each of them") {
  for (const bool sequence_parallel : {false, true}) {
    for (const Recompute recompute : kRecomputes) {
      for (const std::int64_t zero : {0, 1, 2, 3}) {
        for (const ContextAlgorithm algorithm :
             {ContextAlgorithm::all_gather, ContextAlgorithm::ring, ContextAlgorithm::ulysses}) {
          Run run = wide_run(Moba{128, 3});
          run.execution.recompute = recompute;
          run.execution.layout.sequence_parallel = sequence_parallel;
          run.execution.layout.zero_stage = zero;
          run.execution.layout.context_algorithm = algorithm;
          for (std::int64_t Layout::*axis : {&Layout::data, &Layout::tensor, &Layout::context, &Layout::pipeline}) {
            Run more = run;
            for (const std::int64_t size : {1, 2, 4}) {
              run.execution.layout.*axis = size;
              more.execution.layout.*axis = 2 * size;
              INFO(description(run.execution.layout)
                   << " and " << description(more.execution.layout) << ", " << name(recompute));
              CHECK(peak(more) <= peak(run));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("The stages of a pipeline share the parameters, and one stage is no pipeline") {
  Run run = wide_run();
  run.model.groups.front().layers = 7;  // uneven
  const double all = use_of(run)[Part::weights];
  const double alone = peak(run);
  for (const PipelineSchedule schedule :
       {PipelineSchedule::gpipe, PipelineSchedule::one_forward_one_backward, PipelineSchedule::zero_bubble_h1}) {
    run.execution.layout = {};
    run.execution.layout.schedule = schedule;
    CHECK(peak(run) == alone);
    run.execution.layout.pipeline = 4;
    double sum = 0;
    for (std::int64_t stage = 0; stage < 4; ++stage) {
      const MemoryUse use = model_of(run).of_stage(run.workload.global_batch, run.execution, stage);
      sum += use[Part::weights];
      CHECK(use.total() <= peak(run));
      CHECK(use.stage == stage);
    }
    CHECK(sum == Approx(all));
  }
}

TEST_CASE("A stage holds the activations of the microbatches that its schedule has in flight") {
  Run run = wide_run();
  const double one = use_of(run)[Part::activations] / 8;  // of a layer
  const auto held = [&](PipelineSchedule schedule, std::int64_t virtual_stages, std::int64_t stage) {
    run.execution.layout.pipeline = 4;
    run.execution.layout.virtual_stages = virtual_stages;
    run.execution.layout.schedule = schedule;
    return model_of(run).of_stage(run.workload.global_batch, run.execution, stage)[Part::activations] / one;
  };
  const double microbatches = 64;
  CHECK(held(PipelineSchedule::gpipe, 1, 0) == Approx(2 * microbatches));
  CHECK(held(PipelineSchedule::one_forward_one_backward, 1, 0) == Approx(2 * 4));
  CHECK(held(PipelineSchedule::one_forward_one_backward, 1, 3) == Approx(2 * 1));
  // p (1 + (p - 1) / (p v)) microbatches' worth on the first stage (Narayanan et al. 2021)
  CHECK(held(PipelineSchedule::interleaved, 2, 0) == Approx(2 * 4 * (1 + 3.0 / (4 * 2))));
}

TEST_CASE("A stack that keeps its stages' outputs holds one for each microbatch in flight, but of the last stage") {
  Run run = wide_run();
  run.execution.layout.pipeline = 4;
  Stack keeps;
  keeps.policy.keeps_stage_outputs = true;
  const auto more = [&](std::int64_t stage) {
    const auto held = [&](const Stack& stack) {
      return model_of(run, stack).of_stage(run.workload.global_batch, run.execution, stage)[Part::activations];
    };
    return held(keeps) - held({});
  };
  CHECK(more(0) == Approx(4 * 2.0 * 512 * 1024));
  CHECK(more(3) == 0);
}

TEST_CASE("FSDP keeps the weights that it gathered and whole gradients while a pipeline works") {
  Run run = wide_run();
  run.execution.layout.data = 4;
  run.execution.layout.zero_stage = 3;
  Stack fsdp;
  fsdp.policy.f32_weights = true;
  const auto all = static_cast<double>(parameters(run.model).total);
  const MemoryUse shared = use_of(run, fsdp);
  CHECK(states(shared) < 12 * all);
  run.execution.layout.pipeline = 2;
  double weights = 0, gradients = 0;
  for (const std::int64_t stage : {0, 1}) {
    const MemoryUse use = model_of(run, fsdp).of_stage(run.workload.global_batch, run.execution, stage);
    weights += use[Part::weights];
    gradients += use[Part::gradients];
  }
  CHECK(weights == Approx((2 + 4.0 / 4) * all));
  CHECK(gradients == Approx(4 * all));
}

TEST_CASE("Bytes of a logit: 10 by Megatron-LM, 12 by PyTorch and 16 over a tensor group, 4 compiled, 2 written over") {
  Run run = wide_run();
  run.model.vocab = 4000000;  // the head and its gradient take the rest
  const auto per_logit = [&](const Stack& stack, std::int64_t tensor) {
    run.execution.layout.tensor = tensor;
    const double once = use_of(run, stack)[Part::logits];
    run.execution.loss_chunks = 2;
    const double half = use_of(run, stack)[Part::logits];
    run.execution.loss_chunks = 1;
    return 2 * (once - half) / (4e6 * 1024) * static_cast<double>(tensor);
  };
  Stack stack;
  CHECK(per_logit(stack, 1) == Approx(10));
  stack.policy.fused_loss = true;
  CHECK(per_logit(stack, 1) == Approx(2));
  stack.policy.fusion = Fusion::compiled;
  CHECK(per_logit(stack, 1) == Approx(4));
  stack.policy.fused_loss = false;
  CHECK(per_logit(stack, 1) == Approx(12));
  CHECK(per_logit(stack, 2) == Approx(16));
}

TEST_CASE("The last stage can need most: it has the head and the logits") {
  Run run = wide_run();
  run.model.vocab = 500000;
  run.execution.layout.pipeline = 4;
  const MemoryUse use = use_of(run);
  CHECK(use.stage == 3);
  CHECK(use[Part::logits] > 0);
  run.model.vocab = 100;
  CHECK(use_of(run).stage == 0);
}

TEST_CASE("What does not fit is a result that says so") {
  Run run = shipped_run("llama-3.1-8b-128k-full");
  CHECK(cost_of(run).fits);
  run.execution.recompute = Recompute::none;
  const RunCost cost = cost_of(run);
  CHECK_FALSE(cost.fits);
  CHECK(cost.step_time > Seconds(0));
  const auto note = std::find_if(cost.notes.begin(), cost.notes.end(),
                                 [](const std::string& each) { return each.starts_with("does not fit"); });
  CHECK(note != cost.notes.end());
}

TEST_CASE(
    "A device must hold what the allocator keeps beside the peak, and exactly where it does not are remedies told") {
  Run run = wide_run();
  const double allocated = peak(run);
  run.device.reserved_memory = Bytes(1e6);
  for (const auto& [factor, fits] : {std::pair{0.99, false}, {1.01, true}}) {
    run.device.memory = Bytes(factor * kReservedOverAllocated * allocated + 1e6);
    const RunCost cost = cost_of(run);
    CHECK(cost.fits == fits);
    CHECK(cost.peak_memory.value() == Approx(kReservedOverAllocated * allocated + 1e6));
    CHECK(remedies(run).empty() == fits);
  }
}

}  // namespace mobasim::tests::memory_model_test
