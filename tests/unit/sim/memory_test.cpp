// The memory of a run: closed forms and laws.
#include "sim/memory.h"

#include <algorithm>

#include "tests/unit/sim/simulator_fixture.h"

using namespace mobasim;
using namespace mobasim::tests;

namespace {

using Part = MemoryComponent;

MemoryModel model_of(const Run& run, const StackProfile& stack = {}) {
  return {run.model, stack, run.kernels.full, run.kernels.moba, run.workload.dtype, run.workload.sequence};
}

MemoryUse use_of(const Run& run, const StackProfile& stack = {}) {
  return model_of(run, stack).worst(run.workload, run.layout);
}

double peak(const Run& run, const StackProfile& stack = {}) { return use_of(run, stack).total(); }

double states(const MemoryUse& use) { return use[Part::weights] + use[Part::gradients] + use[Part::optimizer]; }

LayerMemory layer_of(const ModelShape& model, std::int64_t sequence, const StackProfile& stack = {},
                     std::string_view full = "", std::string_view moba = "") {
  return layer_memory(model, model.groups.front(), stack, full, moba, number_format("bf16", stack), sequence);
}

double kept(const LayerMemory& layer) { return layer.of(Recompute::none).split + layer.of(Recompute::none).spread; }

// A layer of the classic kind: 4 h wide feed-forward, layer norm, as many key heads as heads.
ModelShape classic_model() {
  ModelShape model = small_model();
  model.norm = Norm::layer_norm;
  model.linear_bias = true;
  LayerGroup& group = model.groups.front();
  group.kv_heads = group.heads;
  group.ffn = 4 * model.hidden;
  group.gated = false;
  return model;
}

// A run whose layout can be split in every way: 8 layers, 8 heads.
Run wide_run(const Attention& attention = FullAttention{}) {
  Run run = small_run(attention);
  run.model.hidden = 512;
  LayerGroup& group = run.model.groups.front();
  group.layers = 8, group.heads = group.kv_heads = 8, group.head_dim = 64, group.ffn = 1408;
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
    run.layout = {};
    CHECK(states(use_of(run)) == Approx(unsharded * all));
    run.layout.data = 4, run.layout.zero_stage = 1;
    CHECK(states(use_of(run)) == Approx((kept + (unsharded - kept) / 4) * all));
    for (const std::int64_t stage : {0, 1, 2, 3}) {  // nothing to share with
      run.layout.data = 1, run.layout.zero_stage = stage;
      CHECK(states(use_of(run)) == Approx(unsharded * all));
    }
  }
}

TEST_CASE("DeepSpeed's BF16 optimizer keeps 8 bytes per parameter whole, and FSDP has no master copy") {
  Run run = small_run();
  const auto all = static_cast<double>(parameters(run.model).total);
  run.layout.data = 4, run.layout.zero_stage = 1;
  StackProfile stack;
  stack.second_gradient_bytes = 2;
  CHECK(states(use_of(run, stack)) == Approx((8 + 12.0 / 4) * all));
  StackProfile fsdp;
  fsdp.f32_weights = true;
  run.layout = {};
  CHECK(states(use_of(run, fsdp)) == Approx(16 * all));
}

TEST_CASE("A higher ZeRO stage never needs more, and the peak is never below the weights") {
  for (const std::string name : {"moba-1.5b-32k", "llama-3.1-8b-128k-full"}) {
    Run run = shipped_run(name);
    double before = 1e30;
    for (const std::int64_t stage : {0, 1, 2, 3}) {
      run.layout.zero_stage = stage;
      CHECK(peak(run) <= before);
      CHECK(peak(run) >= use_of(run)[Part::weights]);
      before = peak(run);
    }
  }
}

TEST_CASE("A shard group smaller than the replicas shares less, and the whole group shares most") {
  Run run = wide_run();
  run.layout.data = 8, run.layout.zero_stage = 1;
  const auto optimizer = [&](std::int64_t shard) {
    run.layout.shard = shard;
    return use_of(run)[Part::optimizer];
  };
  CHECK(optimizer(2) == Approx(4 * optimizer(8)));
  CHECK(optimizer(8) == optimizer(0));
}

TEST_CASE(
    "The classic layer of Korthikanti et al.: 34 h + 5 a s bytes per token, 10 h of them whole without sequence "
    "parallelism") {
  const ModelShape model = classic_model();
  StackProfile stack;
  stack.dropout = true;
  const LayerMemory layer = layer_of(model, 1024, stack, "math");
  CHECK(layer.of(Recompute::none).spread == 10 * 64);
  CHECK(layer.of(Recompute::none).split == 24 * 64 + 5 * 4 * 1024);
  CHECK(layer.of(Recompute::selective).split == 24 * 64);
  CHECK(layer.of(Recompute::full) == Kept{0, 2 * 64});
}

TEST_CASE("Activations of a modern layer: 8 h + 4 (q + kv) + 6 f + 4 heads bytes per token") {
  const LayerMemory layer = layer_of(small_model(), 1024);
  CHECK(kept(layer) == 8 * 64 + 4 * (64 + 32) + 6 * 160 + 4 * 4);
  CHECK(layer.forward_bytes == 0);
  CHECK(layer.of(Recompute::selective) == layer.of(Recompute::none));
}

TEST_CASE("Selective recomputation by operation keeps the input, q, v, gate, down and attention's output") {
  StackProfile stack;
  stack.selective_every_other_product = true;
  const LayerMemory layer = layer_of(small_model(), 1024, stack);
  const Kept& selective = layer.of(Recompute::selective);
  CHECK(selective.split == 2 * (64 + 32 + 160) + 2 * 64 + 4 * 4);
  CHECK(selective.spread == 2 * 2 * 64);
  CHECK(kept(layer) == kept(layer_of(small_model(), 1024)));
}

TEST_CASE("TransformerEngine keeps the inputs of fp8 products, and two copies of their weights, in fp8") {
  StackProfile stack;
  stack.transformer_engine = true;
  const ModelShape model = small_model();
  const NumberFormat format = number_format("fp8", stack);
  const LayerMemory layer = layer_memory(model, model.groups.front(), stack, "", "", format, 1024);
  CHECK(kept(layer) == 6 * 64 + 4 * (64 + 32) + 64 + 5 * 160 + 4 * 4);
  CHECK(format.weight_copies == 2);
  CHECK(number_format("fp8", {}).product_input == 2);
  CHECK(number_format("bf16", stack).weight_copies == 0);
}

TEST_CASE("MoBA keeps its picks, and its layer at work holds a partial result for each") {
  const LayerMemory full = layer_of(small_model(), 1024), moba = layer_of(small_model(Moba{128, 3}), 1024);
  const double picks = 4 * 128 * (1 + 2 * 6);  // of 8 blocks the second picks 1, the others 2
  CHECK((kept(moba) - kept(full)) * 1024 == Approx(4 * picks));
  CHECK(moba.forward_bytes * 1024 == Approx(picks * (2 * 16 + 4 + 4)));
  const double mean_keys = 8 * 2 * 16 * 2, offsets = 12 * 8 * 4;
  CHECK(moba.sequence_bytes == mean_keys + offsets);
}

TEST_CASE(
    "The official MoBA code keeps 4.4 KB per token and head at top_k 12, and its gate is 34 GB at a million tokens") {
  ModelShape model = small_model(Moba{4096, 12});
  LayerGroup& group = model.groups.front();
  group.heads = group.kv_heads = 32, group.head_dim = 128;
  const std::int64_t sequence = std::int64_t{1} << 20;
  const LayerMemory official = layer_of(model, sequence, {}, "", "moba_official");
  const double others = 8 * 64 + 6 * 160;  // of norms and feed-forward
  CHECK((kept(official) - others) / 32 == Approx(4400).epsilon(0.03));
  const LayerMemory flash = layer_of(model, sequence, {}, "", "flash_moba");
  CHECK((kept(flash) - others) / 32 == Approx(1070).epsilon(0.03));
  CHECK(official.forward_bytes * static_cast<double>(sequence) > 34e9);
  CHECK(flash.forward_bytes * static_cast<double>(sequence) < 2e9);
}

TEST_CASE("MoBA that picks all blocks needs what full attention needs, by every implementation") {
  for (const std::string implementation : {"", "moba_official", "flash_moba"}) {
    CHECK(layer_of(small_model(Moba{128, 8}), 1024, {}, "", implementation) == layer_of(small_model(), 1024));
  }
}

TEST_CASE("Recomputing more never needs more; selective changes nothing where scores are not kept") {
  for (const std::string kernel : {"math", "flash_attention_2"}) {
    Run run = wide_run();
    run.kernels.full = kernel;
    double before = 1e30;
    for (const Recompute recompute : kRecomputes) {
      run.workload.recompute = recompute;
      CHECK(peak(run) <= before);
      before = peak(run);
    }
    run.workload.recompute = Recompute::none;
    const double all = peak(run);
    run.workload.recompute = Recompute::selective;
    CHECK((peak(run) < all) == (kernel == "math"));
  }
}

TEST_CASE("Chunks of the loss and an offloaded optimizer need less, a larger microbatch more") {
  Run run = shipped_run("moba-1.5b-32k");
  run.workload.recompute = Recompute::full;
  const double before = peak(run);
  run.workload.loss_chunks = 1;
  const MemoryUse whole = use_of(run);
  CHECK(whole.total() > before);
  CHECK(whole[Part::logits] > 10.0 * 32768 * 163840);
  CHECK(whole[Part::working_layer] == 0);
  run.workload.microbatch = 3;
  CHECK(use_of(run)[Part::logits] > 3 * 10.0 * 32768 * 163840);
  run.workload.offload_optimizer = true;
  CHECK(use_of(run)[Part::optimizer] == 0);
}

TEST_CASE("A tensor group's shards of the matrices add up to the whole, and norms are on each device") {
  Run run = wide_run();
  const auto all = static_cast<double>(parameters(run.model).total);
  const double norms = 512 * (2 * 8 + 1);
  for (const std::int64_t tensor : {1, 2, 4, 8}) {
    run.layout.tensor = tensor;
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
          run.workload.recompute = recompute;
          run.layout.sequence_parallel = sequence_parallel;
          run.layout.zero_stage = zero;
          run.layout.context_algorithm = algorithm;
          for (std::int64_t Layout::*axis : {&Layout::data, &Layout::tensor, &Layout::context, &Layout::pipeline}) {
            Run more = run;
            for (const std::int64_t size : {1, 2, 4}) {
              run.layout.*axis = size, more.layout.*axis = 2 * size;
              INFO(description(run.layout) << " and " << description(more.layout) << ", " << name(recompute));
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
    run.layout = {};
    run.layout.schedule = schedule;
    CHECK(peak(run) == alone);
    run.layout.pipeline = 4;
    double sum = 0;
    for (std::int64_t stage = 0; stage < 4; ++stage) {
      const MemoryUse use = model_of(run).of_stage(run.workload, run.layout, stage);
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
    run.layout.pipeline = 4, run.layout.virtual_stages = virtual_stages, run.layout.schedule = schedule;
    return model_of(run).of_stage(run.workload, run.layout, stage)[Part::activations] / one;
  };
  const double microbatches = 64;
  CHECK(held(PipelineSchedule::gpipe, 1, 0) == Approx(2 * microbatches));
  CHECK(held(PipelineSchedule::one_forward_one_backward, 1, 0) == Approx(2 * 4));
  CHECK(held(PipelineSchedule::one_forward_one_backward, 1, 3) == Approx(2 * 1));
  // p (1 + (p - 1) / (p v)) microbatches' worth on the first stage (Narayanan et al. 2021)
  CHECK(held(PipelineSchedule::interleaved, 2, 0) == Approx(2 * 4 * (1 + 3.0 / (4 * 2))));
}

TEST_CASE("The last stage can need most: it has the head and the logits") {
  Run run = wide_run();
  run.model.vocab = 500000;
  run.layout.pipeline = 4;
  const MemoryUse use = use_of(run);
  CHECK(use.stage == 3);
  CHECK(use[Part::logits] > 0);
  run.model.vocab = 100;
  CHECK(use_of(run).stage == 0);
}

TEST_CASE("What does not fit is a result that says so") {
  Run run = shipped_run("llama-3.1-8b-128k-full");
  CHECK(cost_of(run).fits);
  run.workload.recompute = Recompute::none;
  const RunCost cost = cost_of(run);
  CHECK_FALSE(cost.fits);
  CHECK(cost.step_time > Seconds(0));
  const auto note = std::find_if(cost.notes.begin(), cost.notes.end(),
                                 [](const std::string& each) { return each.starts_with("does not fit"); });
  REQUIRE(note != cost.notes.end());
  CHECK(cost.notes.back().starts_with("memory: "));
}
