#include "kernels/bench/bench.h"

#include <algorithm>
#include <map>

#include "kernels/bench/arms.h"
#include "kernels/bench/files.h"
#include "kernels/bench/groups.h"
#include "kernels/reference/reference.h"
#include "kernels/work.h"
#include "sim/base/csv.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::bench_test {
using namespace kernels;
using namespace kernels::bench;

namespace {

// A finished bench with a row of each kind.
Result small_result() {
  Result result;
  result.machine.cpu_model = "Some \"Processor\"";
  result.machine.memory = Bytes(8e9);
  result.threads = 2;
  result.instruction_set = "avx2";
  result.dtypes = {Dtype::f32};
  result.peak = {{"bf16", FlopRate(200e9)}, {"f32", FlopRate(100e9)}};
  result.memory_bandwidth = ByteRate(10e9);
  const auto add = [&](ProfileRow row, double seconds) {
    row.dtype = "f32";
    row.time = row.time_lo = row.time_hi = Seconds(seconds);
    row.samples = 2;
    row.discarded = 1;
    row.sampling = "settled";
    result.rows.push_back({row, {{seconds, 0, 90e9, true}, {9, 1, 50e9, false}, {seconds, 2, 90e9, true}}});
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
  InputPool<float> pool(1000, 1);
  const auto first = pool.next(300), second = pool.next(300), third = pool.next(300), fourth = pool.next(300);
  CHECK(second.data() >= first.data() + 300);
  CHECK(third.data() >= second.data() + 300);
  CHECK(fourth.data() == first.data());
}

TEST_CASE("a bench that is stopped says so, and what it cannot do is refused") {
  Options options;
  int asked = 0;
  options.progress = Progress({}, [&] { return ++asked > 3; });
  CHECK(result_of(options).stopped);
  const auto refused = [](auto change, const std::string& words) {
    Options wrong;
    change(wrong);
    try {
      (void)result_of(wrong);
      FAIL("accepted: " << words);
    } catch (const ConfigError& error) {
      CHECK(std::string(error.what()).find(words) != std::string::npos);
    }
  };
  refused([](Options& o) { o.budget = Seconds(1); }, "at least 5 s");
  refused([](Options& o) { o.only = {"atention"}; }, "did you mean 'attention'");
  refused([](Options& o) { o.cases = {"time_full_2048_d46"}; }, "time_full_2048_d64");
  refused([](Options& o) { o.instruction_set = "avx1024"; }, "it has ");
}

TEST_CASE("a bench of one case with each instruction set of this machine, and of what an interrupted one found") {
  for (const cpu::MicroKernels* micro : cpu::micro_kernels()) {
    Options options;
    options.budget = least_budget();
    options.threads = 1;
    options.instruction_set = micro->name;
    options.dtypes = {Dtype::f32, Dtype::bf16};
    options.cases = {"time_full_512_d64"};
    std::vector<FinishedGroup> groups;
    options.finished = [&](const FinishedGroup& group) { groups.push_back(group); };
    const Result result = result_of(options);
    CHECK(result.instruction_set == micro->name);
    CHECK_FALSE(describes_device(result));
    std::int64_t attention = 0;
    for (const MeasuredRow& measured : result.rows) {
      attention += measured.row.operation == "attention";
      CHECK(measured.row.samples + measured.row.discarded == static_cast<std::int64_t>(measured.samples.size()));
      CHECK(measured.row.probe > FlopRate(0));
      CHECK_FALSE(measured.row.sampling.empty());
    }
    CHECK(attention == 4);        // two formats, forward and backward
    REQUIRE(groups.size() >= 3);  // the peak, attention, the peak again
    // Each visit to a group tells all its samples so far.
    std::map<std::string, std::size_t> samples;
    for (const FinishedGroup& group : groups) {
      CHECK(group.rows[0].samples.size() > samples[group.name]);
      samples[group.name] = group.rows[0].samples.size();
    }

    options.before = groups;
    options.finished = [](const FinishedGroup& group) { FAIL(group.name << " was timed again"); };
    const Result resumed = result_of(options);
    CHECK(profile_table(profile_rows(resumed.rows)).rows == profile_table(profile_rows(result.rows)).rows);
  }
}

TEST_CASE("a budget reaches few lengths over the whole range first, then those between, the longest last") {
  Options options;
  options.only = {"attention"};
  InputPools pools{{0, 1}, {0, 1}};
  std::vector<std::string> unsupported;
  const ArmOptions arms{1, cpu::micro_kernels().front(), {Dtype::f32}, &pools};
  std::vector<std::int64_t> lengths;
  for (const Group& group : groups_of(options, arms, unsupported)) {
    const std::int64_t length = group.rows[0][0].sequence;
    if (lengths.empty() || lengths.back() != length) lengths.push_back(length);
  }
  CHECK(lengths ==
        std::vector<std::int64_t>{512, 2048, 8192, 32768, 768, 1024, 1536, 3072, 4096, 6144, 12288, 16384, 24576});
}

TEST_CASE("files of a bench: the profile reads back, samples and provenance are complete") {
  const tests::ScratchFolder scratch;
  const std::filesystem::path folder = scratch / "not-there-yet";
  Result result = small_result();
  for (int i = 0; i < 100; ++i) result.probes.emplace_back(i < 10 ? 80e9 : 100e9);
  write_result(result, {}, folder, "some-device");
  const std::vector<ProfileRow> rows = read_profile(folder / "some-device.profile.csv");
  REQUIRE(rows.size() == result.rows.size());
  CHECK(rows[0].sampling == "settled");
  CHECK(rows[0].discarded == 1);
  const CsvTable samples = CsvTable::read(folder / "some-device.samples.csv");
  CHECK(samples.rows() == 15);
  CHECK(samples.text(1, samples.column("kept")) == "false");
  const std::string yaml = text_of_file(folder / "some-device.yaml");
  CHECK(yaml.find("peak: {bf16: 200 GFLOP/s, f32: 100 GFLOP/s}") != std::string::npos);
  CHECK(yaml.find("gemm: {value: 0.7,") != std::string::npos);
  CHECK(yaml.find("full: {value: 0.5,") != std::string::npos);
  const std::string json = text_of_file(folder / "some-device.provenance.json");
  CHECK(json.find("\"cpu_model\": \"Some \\\"Processor\\\"\"") != std::string::npos);
  CHECK(json.find("\"clock_drift\": 0.2000") != std::string::npos);
  CHECK(json.find("\"discarded\": 5") != std::string::npos);
  CHECK_THROWS_AS(write_result(result, {}, folder, "../elsewhere"), ConfigError);
}

TEST_CASE("a part of a bench writes no device") {
  const tests::ScratchFolder scratch;
  Result result = small_result();
  result.rows.erase(result.rows.begin());
  write_result(result, {}, scratch.path(), "part");
  CHECK(std::filesystem::exists(scratch / "part.profile.csv"));
  CHECK_FALSE(std::filesystem::exists(scratch / "part.yaml"));
}

}  // namespace mobasim::tests::bench_test
