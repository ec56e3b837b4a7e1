#include "kernels/bench_compare.h"

#include <cmath>

#include "kernels/bench_files.h"
#include "kernels/random.h"
#include "kernels/timing.h"
#include "sim/base/error.h"
#include "tests/catch.h"
#include "tests/program.h"

using namespace mobasim;
using namespace mobasim::kernels;

namespace {

// Products of several sizes with log-normal samples around 0.01 s times `factor`; spread 0.02: 2% standard deviation.
Measurements measured(double factor, double spread, std::uint64_t seed, int count = 20, int shapes = 5) {
  Measurements out;
  Random random(seed);
  for (int shape = 0; shape < shapes; ++shape) {
    std::vector<double> samples;
    for (int i = 0; i < count; ++i) samples.push_back(0.01 * factor * std::exp(spread * random.normal()));
    ProfileRow row;
    row.operation = "gemm";
    row.implementation = "onednn";
    row.dtype = "f32";
    row.m = row.n = row.k = 64 << shape;
    row.flops = Flops(1e9);
    row.source = "a machine";
    const Quartiles found = quartiles(samples);
    row.time = Seconds(found.median);
    row.time_lo = Seconds(found.lo);
    row.time_hi = Seconds(found.hi);
    row.samples = count;
    out.rows.push_back(row);
    out.samples.push_back(samples);
  }
  return out;
}

Measurements without_samples(Measurements measurements) {
  for (auto& samples : measurements.samples) samples.clear();
  return measurements;
}

int count_of(const CompareResult& result, Verdict verdict) {
  int count = 0;
  for (const Comparison& row : result.rows) count += row.verdict == verdict;
  return count;
}

}  // namespace

TEST_CASE("the rule of the verdict") {
  CHECK(verdict_of({1, 0.99, 1.01}, 0.02) == Verdict::same);
  CHECK(verdict_of({1.003, 1.001, 1.005}, 0.02) == Verdict::same);  // sure, but of no account
  CHECK(verdict_of({1.1, 1.05, 1.15}, 0.02) == Verdict::slower);
  CHECK(verdict_of({0.9, 0.85, 0.95}, 0.02) == Verdict::faster);
  CHECK(verdict_of({1.03, 0.97, 1.09}, 0.02) == Verdict::ambiguous);
}

TEST_CASE("a bench against itself is never faster and never slower, whatever its noise") {
  for (const double spread : {0.0, 0.01, 0.1, 0.5}) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      for (const int count : {1, 3, 6, 30}) {
        const Measurements a = measured(1, spread, seed, count);
        for (const Measurements& b : {a, without_samples(a)}) {
          const CompareResult result = compared(b, b, {});
          CHECK(count_of(result, Verdict::faster) + count_of(result, Verdict::slower) == 0);
          CHECK(result.mean.value == 1);
          CHECK(result.mean.lo <= 1);
          CHECK(result.mean.hi >= 1);
        }
      }
    }
  }
}

TEST_CASE("ten percent with little noise is slower, one way, and faster, the other") {
  const Measurements a = measured(1, 0.01, 1), b = measured(1.1, 0.01, 2);
  CHECK(count_of(compared(a, b, {}), Verdict::slower) == 5);
  CHECK(count_of(compared(b, a, {}), Verdict::faster) == 5);
  const CompareResult blind = compared(without_samples(a), without_samples(b), {});
  CHECK(count_of(blind, Verdict::slower) == 5);
  CHECK(blind.rows[0].interval == "quartiles");
  const Ratio mean = compared(a, b, {}).mean;
  CHECK(mean.lo < 1.1);
  CHECK(mean.hi > 1.1);
  CHECK(mean.hi - mean.lo < 0.01);
}

TEST_CASE("wide noise is ambiguous, and so are few samples") {
  CHECK(count_of(compared(measured(1, 0.5, 1), measured(1.02, 0.5, 2), {}), Verdict::ambiguous) >= 4);
  const CompareResult few = compared(measured(1, 0.001, 1, 5), measured(2, 0.001, 2, 5), {});
  CHECK(count_of(few, Verdict::ambiguous) == 5);
  CHECK(few.rows[0].interval == "few_samples");
}

TEST_CASE("of two benches of one law the interval misses 1 in about one of twenty shapes") {
  int missed = 0, all = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    for (const Comparison& row : compared(measured(1, 0.05, seed, 15), measured(1, 0.05, seed + 1000, 15), {}).rows) {
      missed += row.ratio.lo > 1 || row.ratio.hi < 1;
      ++all;
    }
  }
  INFO(missed << " of " << all);
  CHECK(missed < 0.08 * all);
  CHECK(missed > 0);
}

TEST_CASE("shapes of one bench alone are listed, and two without a common one refused") {
  Measurements a = measured(1, 0.01, 1), b = a;
  b.rows[1].dtype = "bf16";
  const CompareResult result = compared(a, b, {});
  CHECK(result.compared == 4);
  CHECK(result.rows.size() == 6);
  CHECK(result.rows[1].verdict == Verdict::only_in_a);
  CHECK(result.rows[5].verdict == Verdict::only_in_b);
  CHECK(comparison_table(result).rows.size() == 6);
  for (ProfileRow& row : b.rows) row.dtype = "bf16";
  CHECK_THROWS_AS(compared(a, b, {}), ConfigError);
}

TEST_CASE("peaks of one thread and of all are compared each with its own") {
  const auto peaks = [](std::int64_t threads, double one, double all) {
    Measurements out = measured(1, 0.01, 1, 10, 2);
    for (ProfileRow& row : out.rows) row.operation = "fma_peak", row.m = row.n = row.k = 0;
    out.rows[0].threads = 1, out.rows[1].threads = threads;
    out.rows[0].time = out.rows[0].time_lo = out.rows[0].time_hi = Seconds(one);
    out.rows[1].time = out.rows[1].time_lo = out.rows[1].time_hi = Seconds(all);
    return without_samples(out);
  };
  const CompareResult result = compared(peaks(2, 1, 3), peaks(8, 2, 3), {});
  REQUIRE(result.compared == 2);
  CHECK(result.rows[0].ratio.value == 2);
  CHECK(result.rows[1].ratio.value == 1);
}

TEST_CASE("samples are read beside their profile, the discarded ones not, and must be of it") {
  const tests::ScratchFolder folder;
  const Measurements a = measured(1, 0.1, 1);
  std::vector<MeasuredRow> rows;
  for (std::size_t i = 0; i < a.rows.size(); ++i) {
    rows.push_back({a.rows[i], {}});
    for (const double time : a.samples[i]) rows.back().samples.push_back({time, 0, 0, true});
    rows.back().samples.push_back({100, 0, 0, false});
  }
  const auto put = [&](const std::string& name, const Table& table) {
    tests::put_file(folder / name, rendered(table, TableFormat::csv));
  };
  put("a.profile.csv", profile_table(a.rows));
  CHECK(measurements_from(folder / "a.profile.csv").samples[0].empty());
  put("a.samples.csv", sample_table(rows));
  tests::put_file(folder / "a.provenance.json", "{\n  \"threads\": 2,\n  \"cpu_model\": \"X\"\n}\n");
  Measurements read = measurements_from(folder / "a.profile.csv");
  CHECK(read.samples == a.samples);
  Measurements other = read;
  CHECK(compared(read, other, {}).warnings.empty());
  other.provenance["threads"] = "1";
  CHECK(compared(read, other, {}).warnings == std::vector<std::string>{"threads differ: 2 and 1"});
  rows[2].samples.pop_back();
  rows[2].samples.pop_back();
  put("a.samples.csv", sample_table(rows));
  CHECK_THROWS_AS(measurements_from(folder / "a.profile.csv"), ConfigError);
}
