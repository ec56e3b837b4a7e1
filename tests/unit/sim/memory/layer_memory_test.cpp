// What one layer needs in memory: the closed forms of papers, and of each implementation of MoBA.
#include "sim/memory/layer_memory.h"

#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::layer_memory_test {
namespace {

LayerMemory layer_of(const ModelShape& model, std::int64_t sequence, const StackPolicy& stack = {},
                     std::string_view kernel = "") {
  return layer_memory(model, model.groups.front(), stack, kernel, number_format("bf16", stack), sequence);
}

double kept(const LayerMemory& layer) {
  return layer.of(Recompute::none).sharded + layer.of(Recompute::none).sequence_sharded;
}

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

}  // namespace

TEST_CASE(
    "The classic layer of Korthikanti et al.: 34 h + 5 a s bytes per token, 10 h of them whole without sequence "
    "parallelism") {
  const ModelShape model = classic_model();
  StackPolicy stack;
  stack.dropout = true;
  const LayerMemory layer = layer_of(model, 1024, stack, "math");
  CHECK(layer.of(Recompute::none).sequence_sharded == 10 * 64);
  CHECK(layer.of(Recompute::none).sharded == 24 * 64 + 5 * 4 * 1024);
  CHECK(layer.of(Recompute::selective).sharded == 24 * 64);
  CHECK(layer.of(Recompute::full) == Kept{0, 2 * 64});
}

TEST_CASE("Activations of a modern layer: 8 h + 4 (q + kv) + 6 f + 4 heads bytes per token") {
  const LayerMemory layer = layer_of(small_model(), 1024);
  CHECK(kept(layer) == 8 * 64 + 4 * (64 + 32) + 6 * 160 + 4 * 4);
  CHECK(layer.forward_bytes == 0);
  CHECK(layer.of(Recompute::selective) == layer.of(Recompute::none));
}

TEST_CASE("Selective recomputation by operation keeps the input, q, v, gate, down and attention's output") {
  StackPolicy stack;
  stack.selective_every_other_gemm = true;
  const LayerMemory layer = layer_of(small_model(), 1024, stack);
  const Kept& selective = layer.of(Recompute::selective);
  CHECK(selective.sharded == 2 * (64 + 32 + 160) + 2 * 64 + 4 * 4);
  CHECK(selective.sequence_sharded == 2 * 2 * 64);
  CHECK(kept(layer) == kept(layer_of(small_model(), 1024)));
}

TEST_CASE("TransformerEngine keeps the inputs of fp8 products, and two copies of their weights, in fp8") {
  StackPolicy stack;
  stack.transformer_engine = true;
  const ModelShape model = small_model();
  const NumberFormat format = number_format("fp8", stack);
  const LayerMemory layer = layer_memory(model, model.groups.front(), stack, "", format, 1024);
  CHECK(kept(layer) == 6 * 64 + 4 * (64 + 32) + 64 + 5 * 160 + 4 * 4);
  CHECK(format.weight_copies == 2);
  CHECK(number_format("fp8", {}).gemm_input == 2);
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
  group.heads = group.kv_heads = 32;
  group.head_dim = 128;
  const std::int64_t sequence = std::int64_t{1} << 20;
  const LayerMemory official = layer_of(model, sequence, {}, "moba_official");
  const double others = 8 * 64 + 6 * 160;  // of norms and feed-forward
  CHECK((kept(official) - others) / 32 == Approx(4400).epsilon(0.03));
  const LayerMemory flash = layer_of(model, sequence, {}, "flash_moba");
  CHECK((kept(flash) - others) / 32 == Approx(1070).epsilon(0.03));
  CHECK(official.forward_bytes * static_cast<double>(sequence) > 34e9);
  CHECK(flash.forward_bytes * static_cast<double>(sequence) < 2e9);
}

TEST_CASE("MoBA that picks all blocks needs what full attention needs, by every implementation") {
  for (const std::string implementation : {"", "moba_official", "flash_moba"}) {
    CHECK(layer_of(small_model(Moba{128, 8}), 1024, {}, implementation) == layer_of(small_model(), 1024));
  }
}

}  // namespace mobasim::tests::layer_memory_test
