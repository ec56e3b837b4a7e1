#include "kernels/bench/compare.h"

#include <algorithm>
#include <cmath>

#include "kernels/bench/files.h"
#include "kernels/bench/gpu_files.h"
#include "kernels/bench/timing.h"
#include "kernels/random.h"
#include "sim/base/csv.h"
#include "sim/base/error.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::compare_test {
using namespace kernels;
using namespace kernels::bench;

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

// The cell of a column, as text.
std::string cell(const CompareResult& result, std::size_t row, const std::string& column) {
  const CsvTable table = CsvTable::from_text(rendered(comparison_table(result), TableFormat::csv), "compared");
  return std::string(table.text(row, table.column(column)));
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
          const bool knows_spread = !b.samples[0].empty() || spread > 0;
          CHECK(result.in_mean == (count >= 6 && knows_spread ? 5 : 0));
          if (result.in_mean == 0) continue;
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
  // Without the samples there are not more of them.
  const Measurements one = without_samples(measured(1, 0.001, 1, 1)), other = without_samples(measured(2, 0.001, 2, 1));
  CHECK(count_of(compared(one, other, {}), Verdict::ambiguous) == 5);
}

TEST_CASE("few samples leave the interval empty and do not enter the mean, which says how many did") {
  Measurements a = measured(1, 0.001, 1), b = measured(1.1, 0.001, 2);
  const Measurements few = measured(7, 0.001, 3, 5);
  b.rows[1] = few.rows[1];
  b.samples[1] = few.samples[1];
  const CompareResult result = compared(a, b, {});
  CHECK(result.compared == 5);
  CHECK(result.in_mean == 4);
  CHECK(result.mean.value == Approx(1.1).epsilon(0.01));
  CHECK(result.mean.hi < 1.12);
  CHECK(cell(result, 1, "ratio") != "");
  CHECK(cell(result, 1, "ratio_lo") == "");
  CHECK(cell(result, 1, "ratio_hi") == "");
  CHECK(cell(result, 1, "why") == "few_samples");
  CHECK(cell(result, 0, "ratio_lo") != "");
  CHECK(cell(result, 0, "why") == "");
  CHECK(compared(few, few, {}).in_mean == 0);
  CHECK(compared(few, few, {}).mean.value == 0);
}

TEST_CASE("published rows, without a count or with one time alone, give no verdict") {
  Measurements published = without_samples(measured(1, 0.001, 1)), other = without_samples(measured(2, 0.001, 2));
  CHECK(count_of(compared(published, other, {}), Verdict::slower) == 5);
  for (ProfileRow& row : published.rows) row.samples = 0;
  other.rows[1].time_lo = other.rows[1].time_hi = other.rows[1].time;
  for (const auto& [a, b] : {std::pair{published, other}, {other, published}}) {
    const CompareResult result = compared(a, b, {});
    CHECK(count_of(result, Verdict::ambiguous) == 5);
    CHECK(result.in_mean == 0);
    CHECK(cell(result, 0, "interval") == "no_spread");
    CHECK(cell(result, 0, "ratio") != "");
    CHECK(cell(result, 0, "ratio_lo") == "");
    CHECK(cell(result, 0, "why") == "no_spread");
  }
  const Measurements counted = without_samples(measured(1, 0.001, 1));
  CHECK(cell(compared(counted, other, {}), 1, "why") == "no_spread");  // one time for all quartiles
}

TEST_CASE("where the machine was not the same the verdict is ambiguous, says why, and does not enter the mean") {
  const Measurements a = measured(1, 0.001, 1, 20, 6);
  Measurements b = measured(1.5, 0.001, 2, 20, 6), left = a;
  for (ProfileRow& row : left.rows) row.probe = FlopRate(100), row.sampling = "settled";
  for (ProfileRow& row : b.rows) row.probe = FlopRate(100), row.sampling = "settled";
  b.rows[0].sampling = "disturbed";
  left.rows[1].sampling = "disturbed";
  b.rows[2].probe = FlopRate(85);
  b.rows[3].probe = FlopRate(115);
  b.rows[4].probe = FlopRate(92);
  b.rows[5].probe = FlopRate(0);  // not known: nothing against it
  const CompareResult result = compared(left, b, {});
  const std::vector<std::string> why = {"disturbed", "disturbed", "machine_differed", "machine_differed", "", ""};
  for (std::size_t i = 0; i < why.size(); ++i) {
    INFO(i);
    CHECK(result.rows[i].why == why[i]);
    CHECK(result.rows[i].verdict == (why[i].empty() ? Verdict::slower : Verdict::ambiguous));
    CHECK(cell(result, i, "why") == why[i]);
  }
  CHECK(result.compared == 6);
  CHECK(result.in_mean == 2);
  // A probe of twice the threads is no other state of the machine.
  Measurements twice = b;
  twice.rows[2].threads = 2;
  left.rows[2].threads = 1;
  CHECK(compared(left, twice, {}).rows[2].verdict == Verdict::slower);
  // Nor is it called the same.
  Measurements again = left;
  again.rows[0].probe = FlopRate(80);
  CHECK(compared(left, again, {}).rows[0].verdict == Verdict::ambiguous);
  CHECK(compared(measured(1, 0.5, 1), measured(1.02, 0.5, 2), {}).rows[0].why == "wide_interval");
}

TEST_CASE("layers of one attention shape are told apart by hidden and ffn, whatever their order") {
  Measurements a = measured(1, 0.001, 1, 10, 3);
  for (ProfileRow& row : a.rows) row.operation = "layer", row.m = row.n = row.k = 0, row.hidden = 512, row.ffn = 2048;
  a.rows[1].hidden = 1024;
  a.rows[2].ffn = 4096;
  for (std::size_t i = 0; i < 3; ++i) {
    for (double& time : a.samples[i]) time *= static_cast<double>(1 + i);
    a.rows[i].time = a.rows[i].time * static_cast<double>(1 + i);
  }
  Measurements b = a;
  std::reverse(b.rows.begin(), b.rows.end());
  std::reverse(b.samples.begin(), b.samples.end());
  const CompareResult result = compared(a, b, {});
  REQUIRE(result.compared == 3);
  for (const Comparison& row : result.rows) CHECK(row.ratio.value == 1);
  b.rows[0].ffn = 8192;
  CHECK(compared(a, b, {}).compared == 2);
}

TEST_CASE("a tolerance is a number from 0 to 1") {
  const Measurements a = measured(1, 0.01, 1);
  CompareOptions options;
  for (const double wrong : {std::nan(""), HUGE_VAL, -HUGE_VAL, -0.01, 1.01}) {
    options.tolerance = wrong;
    CHECK_THROWS_AS(compared(a, a, options), ConfigError);
  }
  for (const double right : {0.0, 1.0}) {
    options.tolerance = right;
    CHECK(count_of(compared(a, a, options), Verdict::slower) == 0);
  }
}

TEST_CASE("a provenance that is cut off or no such thing is told, and the profile compared without it") {
  const tests::ScratchFolder folder;
  const Measurements a = measured(1, 0.1, 1);
  tests::put_file(folder / "a.profile.csv", rendered(profile_table(a.rows), TableFormat::csv));
  const auto warnings = [&](const std::string& provenance) {
    tests::put_file(folder / "a.provenance.json", provenance);
    const Measurements read = measurements_from(folder / "a.profile.csv");
    CHECK(read.provenance.empty() == !read.warnings.empty());
    std::vector<std::string> told = compared(a, read, {}).warnings;
    for (const std::string& warning : told) CHECK(warning.find("a.provenance.json") != std::string::npos);
    return told.size();
  };
  const std::string whole = json_object({{"threads", "2"}, {"cpu_model", "\"X, {Y}\""}, {"left_out", "[]"}});
  CHECK(warnings(whole) == 0);
  for (std::size_t length = 0; length + 2 <= whole.size(); ++length) {  // all but the line's end
    INFO(length);
    CHECK(warnings(whole.substr(0, length)) == 1);
  }
  CHECK(warnings("threads: 2\n") == 1);
  CHECK(warnings("{\n}\n") == 1);
  CHECK(warnings(whole + whole) == 1);
  CHECK(warnings("{\n  \"threads\": 2\n  \"cpu_model\": \"X\"\n}\n") == 1);
  CHECK(warnings(std::string("\0", 1)) == 1);
}

TEST_CASE("the samples of a bench of a GPU are read, and tell no time at which they were taken") {
  const tests::ScratchFolder folder;
  const Measurements a = measured(1, 0.1, 1);
  GpuResult result;
  result.rows = a.rows;
  result.samples = a.samples;
  write_gpu_result(result, {}, {}, folder.path(), "gpu");
  const Measurements read = measurements_from(folder / "gpu.profile.csv");
  CHECK(read.samples == a.samples);
  CHECK(read.warnings.empty());
  CHECK(read.provenance.contains("driver"));
  const CsvTable samples = CsvTable::read(folder / "gpu.samples.csv");
  REQUIRE(samples.rows() == 100);
  for (std::size_t i = 0; i < samples.rows(); ++i) {
    CHECK(samples.empty(i, samples.column("at_s")));
    CHECK(!samples.empty(i, samples.column("time_s")));
  }
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
    out.rows[0].threads = 1;
    out.rows[1].threads = threads;
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

}  // namespace mobasim::tests::compare_test
