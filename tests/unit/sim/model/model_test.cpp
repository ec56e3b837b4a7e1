// Parameter counts, rules, hybrids.
#include <random>

#include "sim/base/error.h"
#include "sim/model/model_shape.h"
#include "tests/catch.h"

namespace mobasim::tests::model_test {
namespace {

// hidden 8, two layers of 2 heads of 4, ffn 16: small enough to be counted by hand.
ModelShape tiny() {
  ModelShape model;
  model.name = "tiny";
  model.hidden = 8;
  model.vocab = 10;
  LayerGroup group;
  group.layers = 2;
  group.heads = 2;
  group.kv_heads = 2;
  group.head_dim = 4;
  group.ffn = 16;
  model.groups = {group};
  return model;
}

constexpr std::int64_t kTinyLayer = 4 * 64 + 3 * 128 + 2 * 8;  // q k v o, three matrices, two norms

}  // namespace

TEST_CASE("A plain model is counted as by hand") {
  const ParameterCount count = parameters(tiny());
  REQUIRE(count.embedding == 2 * 80);
  REQUIRE(count.non_embedding == 2 * kTinyLayer + 8);
  REQUIRE(count.total == count.embedding + count.non_embedding);
  REQUIRE(count.active == count.total);
  REQUIRE(count.active_non_embedding == count.non_embedding);
}

TEST_CASE("Each option adds what it should") {
  const std::int64_t plain = parameters(tiny()).total;
  const auto added = [&](auto change) {
    ModelShape model = tiny();
    change(model);
    REQUIRE(violations(model).empty());
    return parameters(model).total - plain;
  };
  REQUIRE(added([](ModelShape& m) { m.tied_embeddings = true; }) == -80);
  REQUIRE(added([](ModelShape& m) { m.positions = 7; }) == 56);
  REQUIRE(added([](ModelShape& m) { m.norm = Norm::layer_norm; }) == 5 * 8);
  REQUIRE(added([](ModelShape& m) { m.qkv_bias = true; }) == 2 * 24);
  REQUIRE(added([](ModelShape& m) { m.linear_bias = true; }) == 2 * (24 + 8 + 16 + 16 + 8));
  REQUIRE(added([](ModelShape& m) { m.linear_bias = m.qkv_bias = true; }) == 2 * (24 + 8 + 16 + 16 + 8));
  REQUIRE(added([](ModelShape& m) { m.qk_norm = true; }) == 2 * 8);
  REQUIRE(added([](ModelShape& m) { m.qk_norm = m.qk_norm_over_heads = true; }) == 2 * 16);
  REQUIRE(added([](ModelShape& m) { m.groups[0].kv_heads = 1; }) == -2 * 64);
  REQUIRE(added([](ModelShape& m) { m.groups[0].gated = false; }) == -2 * 128);
  REQUIRE(added([](ModelShape& m) { m.groups[0].layers = 3; }) == kTinyLayer);
  REQUIRE(added([](ModelShape& m) { m.groups.push_back(m.groups[0]); }) == 2 * kTinyLayer);
}

TEST_CASE("Of the experts only the active ones and the shared ones are active") {
  ModelShape model = tiny();
  model.groups[0].ffn = 0;
  model.groups[0].experts = Experts{4, 2, 6, 10};
  REQUIRE(violations(model).empty());
  const std::int64_t expert = 3 * 8 * 6;
  const std::int64_t others = 4 * 64 + 2 * 8 + 8 * 4 + 3 * 8 * 10;  // attention, norms, router, shared
  const ParameterCount count = parameters(model);
  REQUIRE(count.non_embedding == 2 * (others + 4 * expert) + 8);
  REQUIRE(count.active_non_embedding == 2 * (others + 2 * expert) + 8);
  REQUIRE(count.total - count.active == 2 * 2 * expert);
  REQUIRE(non_embedding_of_6nd(model) == static_cast<double>(count.active_non_embedding));
}

TEST_CASE("The N of 6ND is the printed one only where non-embedding parameters are printed") {
  ModelShape model = tiny();
  const double exact = static_cast<double>(parameters(model).non_embedding);
  REQUIRE(non_embedding_of_6nd(model) == exact);
  model.published_parameters = 1500;
  model.published_counts = "total";
  REQUIRE(non_embedding_of_6nd(model) == exact);
  model.published_counts = "non_embedding";
  REQUIRE(non_embedding_of_6nd(model) == 1500);
}

TEST_CASE("Splitting a model into hybrid layers changes its attention and no count") {
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) {
    ModelShape model = tiny();
    while (random() % 3 != 0) {
      model.groups.push_back(model.groups[0]);
      model.groups.back().layers = 1 + random() % 9;
      model.groups.back().ffn = 1 + random() % 50;
    }
    const auto last = static_cast<std::int64_t>(random() % static_cast<unsigned>(layers(model) + 1));
    const ModelShape hybrid =
        with_attention_segments(model, {{layers(model) - last, Moba{512, 3}}, {last, SlidingWindow{9}}});
    REQUIRE(violations(hybrid).empty());
    REQUIRE(layers(hybrid) == layers(model));
    REQUIRE(parameters(hybrid).total == parameters(model).total);
    REQUIRE(parameters(hybrid).active == parameters(model).active);
    std::int64_t below = 0, above = 0;
    for (const LayerGroup& group : hybrid.groups) {
      if (group.attention == Attention{Moba{512, 3}}) {
        REQUIRE(above == 0);  // the changed layers are the last
        below += group.layers;
      } else {
        REQUIRE(group.attention == Attention{SlidingWindow{9}});
        above += group.layers;
      }
    }
    REQUIRE(above == last);
    REQUIRE(below == layers(model) - last);
  }
  REQUIRE_THROWS_AS(with_attention_segments(tiny(), {{3, Moba{}}}), ConfigError);
  REQUIRE_THROWS_AS(with_attention_segments(tiny(), {{1, Moba{}}}), ConfigError);
}

TEST_CASE("The attention of a model is described in layers from the input on") {
  REQUIRE(attention_description(tiny()) == "full");
  REQUIRE(attention_description(with_attention_segments(tiny(), {{2, FullAttention{}}})) == "full");
  REQUIRE(attention_description(with_attention_segments(tiny(), {{1, Moba{512, 3}}, {1, FullAttention{}}})) ==
          "1 x moba(block=512, top_k=3) + 1 x full");
  REQUIRE(attention_description(with_attention_segments(tiny(), {{1, Moba{512, 3}}, {1, Moba{512, 3}}})) ==
          "moba(block=512, top_k=3)");
}

TEST_CASE("Every rule of a model is said in words") {
  const auto broken = [](auto change) {
    ModelShape model = tiny();
    change(model);
    return violations(model).size();
  };
  REQUIRE(broken([](ModelShape&) {}) == 0);
  REQUIRE(broken([](ModelShape& m) { m.hidden = 0; }) == 1);
  REQUIRE(broken([](ModelShape& m) { m.vocab = -1; }) == 1);
  REQUIRE(broken([](ModelShape& m) { m.positions = -1; }) == 1);
  REQUIRE(broken([](ModelShape& m) { m.qk_norm_over_heads = true; }) == 1);
  REQUIRE(broken([](ModelShape& m) { m.groups.clear(); }) == 1);
  REQUIRE(broken([](ModelShape& m) { m.groups[0].layers = 0; }) == 1);
  REQUIRE(broken([](ModelShape& m) { m.groups[0].heads = 3; }) == 1);
  REQUIRE(broken([](ModelShape& m) { m.groups[0].kv_heads = 0; }) == 1);
  REQUIRE(broken([](ModelShape& m) { m.groups[0].head_dim = 0; }) == 1);
  REQUIRE(broken([](ModelShape& m) { m.groups[0].ffn = 0; }) == 1);
  REQUIRE(broken([](ModelShape& m) { m.groups[0].attention = Moba{0, 1}; }) == 1);
  REQUIRE(broken([](ModelShape& m) { m.groups[0].experts = Experts{4, 2, 6, 0}; }) == 1);  // and a dense ffn
  REQUIRE(broken([](ModelShape& m) { m.groups[0].ffn = 0, m.groups[0].experts = Experts{4, 5, 6, 0}; }) == 1);
  REQUIRE(broken([](ModelShape& m) { m.groups[0].ffn = 0, m.groups[0].experts = Experts{4, 2, 0, -1}; }) == 2);
  REQUIRE(broken([](ModelShape& m) { m.groups[0].layers = 1'000'000'000'000'000'000; }) == 1);  // cannot be counted
  REQUIRE(broken([](ModelShape& m) { m.published_parameters = 5, m.published_counts = "all"; }) == 1);
  REQUIRE(broken([](ModelShape& m) { m.published_rounding = 1; }) == 1);
}

}  // namespace mobasim::tests::model_test
