#include "sim/measured/conventions.h"

#include "sim/measured/convention_table.h"
#include "tests/catch.h"

namespace mobasim::tests::conventions_test {
namespace {

ModelShape gpt(std::int64_t hidden, std::int64_t layers, std::int64_t vocab) {
  ModelShape model;
  model.hidden = hidden;
  model.vocab = vocab;
  model.groups = {{.layers = layers,
                   .heads = 64,
                   .kv_heads = 64,
                   .head_dim = hidden / 64,
                   .ffn = 4 * hidden,
                   .gated = false,
                   .experts = {},
                   .attention = FullAttention{}}};
  return model;
}

Workload workload(std::int64_t sequence, std::int64_t batch) {
  Workload one;
  one.sequence = sequence;
  one.global_batch = batch;
  return one;
}

}  // namespace

TEST_CASE("Full recomputation with the full matrix is equation 3 of Narayanan et al. 2021") {
  const double h = 8192, l = 48, V = 51200, s = 2048, B = 1536;
  const double equation = 96 * B * s * l * h * h * (1 + s / (6 * h) + V / (16 * l * h));
  CHECK(flops_of_step(FlopConvention::hardware_recompute, gpt(8192, 48, 51200), workload(2048, 1536),
                      Recompute::none) == Approx(equation).epsilon(1e-12));
}

TEST_CASE("At a million tokens the conventions are nearly two apart, at a thousand nearly one") {
  const ModelShape model = gpt(4096, 32, 32000);
  const auto ratio = [&](std::int64_t sequence) {
    return flops_of_step(FlopConvention::model_full, model, workload(sequence, 1), Recompute::none) /
           flops_of_step(FlopConvention::model_causal, model, workload(sequence, 1), Recompute::none);
  };
  CHECK(ratio(1048576) > 1.9);
  CHECK(ratio(1024) < 1.05);
}

TEST_CASE("A time from a stated rate, and the rate from that time, agree in each convention") {
  const ModelShape model = gpt(6144, 48, 51200);
  const Workload step = workload(2048, 32);
  for (const FlopConvention convention : flop_conventions()) {
    const double seconds = time_from_rate(convention, model, step, Recompute::full, 8, 140e12);
    CHECK(stated_rate(convention, model, step, Recompute::full, 8, seconds) == Approx(140e12));
    CHECK(convention_of(name(convention), "", "") == convention);
    CHECK_FALSE(description(convention).empty());
  }
}

TEST_CASE("The convention is told from the words of a table, and doubt is no convention") {
  using enum FlopConvention;
  CHECK(convention_of("hardware, eq.3: 96Bslh^2(1+s/6h+V/16lh), incl. full recompute", "", "") == hardware_recompute);
  CHECK(convention_of("hardware, x4 recompute (before 02-21 ~3% low)", "", "02-20") == hardware_layers);
  CHECK(convention_of("hardware, x4 recompute (before 02-21 ~3% low)", "", "02-21") == hardware_recompute);
  CHECK(convention_of("model flops, CAUSAL (halved) attention", "", "") == model_causal);
  CHECK(convention_of("model flops, FULL attention matrix", "NeMo", "") == model_full);
  CHECK(convention_of("model flops, FULL attention matrix", "Composer FSDP", "") == parameters_and_attention);
  CHECK(convention_of("6ND without embedding", "", "") == six_n_without_embedding);
  CHECK_FALSE(convention_of("hardware?", "", "").has_value());
  CHECK_FALSE(convention_of("model flops", "", "").has_value());
  CHECK_FALSE(convention_of("", "", "").has_value());
}

TEST_CASE("A table of conventions has a rate in each, and compares the stated one with its own") {
  const auto runs = measured_runs_from(CsvTable::from_text(
      "id,framework,gpu,seq,gbs,n_gpus,hidden,layers,heads,vocab,glu,recompute,iter_time_s,tflops_per_gpu,tflops_def\n"
      "a,Megatron-LM,A100,2048,1536,512,8192,48,64,51200,0,full,14.453,138,eq.3\n"
      "b,Megatron-LM,A100,2048,1536,512,8192,48,64,51200,0,full,14.453,138,?\n"
      "c,Megatron-LM,A100,2048,1536,512,8192,48,64,51200,0,full,,,\n",
      "runs.csv"));
  const Table table = convention_table(runs);
  REQUIRE(table.rows.size() == 2);
  CHECK(table.columns.size() == 4 + flop_conventions().size() + 1);
  CHECK(std::get<double>(table.rows[0].back()) == Approx(0).margin(0.005));
  CHECK(std::holds_alternative<std::monostate>(table.rows[1].back()));
}

}  // namespace mobasim::tests::conventions_test
