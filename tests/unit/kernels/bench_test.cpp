#include "kernels/bench.h"

#include <algorithm>

#include "kernels/bench_arms.h"
#include "kernels/bench_files.h"
#include "kernels/timing.h"
#include "kernels/work.h"
#include "sim/base/csv.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "tests/catch.h"
#include "tests/program.h"

using namespace mobasim;
using namespace mobasim::kernels;

namespace {

const std::function<bool()> kNever = [] { return false; };

// A finished bench with a row of each kind.
BenchResult small_result() {
  BenchResult result;
  result.machine = {"Some \"Processor\"", 2, Bytes(8e9), Bytes(1e6), "performance", "Linux"};
  result.threads = 2;
  result.instruction_set = "avx2";
  result.peak_f32 = FlopRate(100e9);
  result.memory_bandwidth = ByteRate(10e9);
  result.peak_probes = {FlopRate(100e9), FlopRate(90e9)};
  const auto add = [&](ProfileRow row, double seconds) {
    row.dtype = "f32";
    row.time = row.time_lo = row.time_hi = Seconds(seconds);
    row.samples = 3;
    result.rows.push_back(row);
    result.samples.push_back({seconds, seconds, seconds});
  };
  ProfileRow gemm, copy, full, moba;
  gemm.operation = "gemm";
  gemm.m = gemm.n = gemm.k = 8;
  gemm.flops = Flops(70e9);
  copy.operation = "memory_copy";
  copy.bytes = Bytes(10e9);
  full.operation = moba.operation = "attention";
  full.mechanism = "full";
  moba.mechanism = "moba";
  full.pass = moba.pass = "forward";
  full.flops = moba.flops = Flops(60e9);
  add(gemm, 1);
  add(copy, 1);
  add(full, 1);
  add(full, 1.5);
  add(moba, 2);
  return result;
}

}  // namespace

TEST_CASE("quartiles are those of Hyndman and Fan's type 7") {
  CHECK(quantile({5}, 0.25) == 5);
  CHECK(quantile({4, 1, 3, 2}, 0.5) == 2.5);
  const Quartiles found = quartiles({9, 1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(found.lo == 3);
  CHECK(found.median == 5);
  CHECK(found.hi == 7);
}

TEST_CASE("arms are sampled in turns, in an order that changes, after a warm-up that is not kept") {
  std::vector<int> order;
  const auto arm = [&](int which) {
    return Arm{[&order, which] {
      order.push_back(which);
      return std::vector<double>{1.0 + 10.0 * which + static_cast<double>(order.size() % 7), 2.0};
    }};
  };
  Random random(1);
  SamplingRules rules;
  rules.most_rounds = 20;
  const Samples samples = sampled({arm(0), arm(1), arm(2)}, 1e9, rules, random, kNever);
  REQUIRE(samples.size() == 3);
  for (const auto& one : samples) {
    REQUIRE(one.size() == 2);
    CHECK(one[0].size() == 20);
  }
  REQUIRE(order.size() == 3 + 60);
  int rotated = 0;
  for (std::size_t round = 1; round <= 20; ++round) {
    std::vector<int> three(order.begin() + static_cast<std::ptrdiff_t>(3 * round),
                           order.begin() + static_cast<std::ptrdiff_t>(3 * round + 3));
    rotated += three[0] != 0;
    std::sort(three.begin(), three.end());
    CHECK(three == std::vector<int>{0, 1, 2});
  }
  CHECK(rotated > 3);
}

TEST_CASE("sampling ends when the spread is small, when the time is spent, or when asked to") {
  Random random(1);
  const SamplingRules rules;
  const Arm steady{[] { return std::vector<double>{0.1}; }};
  CHECK(sampled({steady}, 1e9, rules, random, kNever)[0][0].size() == 10);
  CHECK(sampled({steady}, 0, rules, random, kNever)[0][0].size() == 3);
  int asked = 0;
  CHECK(sampled({steady}, 1e9, rules, random, [&] { return ++asked > 5; })[0][0].size() == 4);
}

TEST_CASE("the work that a profile divides by is what the reference counts") {
  for (const Case& row : cases_for(Purpose::verify)) {
    kernels::Problem problem = row.problem;
    problem.head_dim = 1;
    const WideTensors wide(filled(problem, Fill::normal, 1));
    INFO(row.name);
    CHECK(work_of(problem) == reference_forward(problem, wide.view()).work);
  }
}

TEST_CASE("useful FLOPs of a causal square") {
  const kernels::Problem problem{Mechanism::full, {0, 3}, 2, 1, 10, 0, 0, 0};  // 6 pairs a head
  CHECK(forward_flops(problem) == Flops(2 * 6 * 40));
  CHECK(backward_flops(problem) == Flops(2 * 6 * 80));
}

TEST_CASE("inputs rotate over the pool") {
  InputPool pool(1000, 1);
  const auto first = pool.next(300), second = pool.next(300), third = pool.next(300), fourth = pool.next(300);
  CHECK(second.data() >= first.data() + 300);
  CHECK(third.data() >= second.data() + 300);
  CHECK(fourth.data() == first.data());
}

TEST_CASE("a bench that is stopped says so, and a budget of nothing is refused") {
  BenchOptions options;
  int asked = 0;
  options.stop = [&] { return ++asked > 3; };
  CHECK(bench(options).stopped);
  options.budget = Seconds(1);
  CHECK_THROWS_AS(bench(options), ConfigError);
}

TEST_CASE("files of a bench: the profile reads back, samples and provenance are complete") {
  const tests::ScratchFolder scratch;
  const std::filesystem::path folder = scratch / "not-there-yet";
  const BenchResult result = small_result();
  write_bench(result, {}, folder, "some-device");
  CHECK(read_profile(folder / "some-device.profile.csv").size() == result.rows.size());
  CHECK(CsvTable::read(folder / "some-device.samples.csv").rows() == 15);
  const std::string yaml = text_of_file(folder / "some-device.yaml");
  CHECK(yaml.find("peak: {f32: 100 GFLOP/s}") != std::string::npos);
  CHECK(yaml.find("gemm: {value: 0.7,") != std::string::npos);
  CHECK(yaml.find("full: {value: 0.5,") != std::string::npos);
  const std::string json = text_of_file(folder / "some-device.provenance.json");
  CHECK(json.find("\"cpu_model\": \"Some \\\"Processor\\\"\"") != std::string::npos);
  CHECK(json.find("\"clock_drift\": 0.1000") != std::string::npos);
  CHECK_THROWS_AS(write_bench(result, {}, folder, "../elsewhere"), ConfigError);
}
