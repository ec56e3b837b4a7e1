// The bench of a GPU, on the executor with a clock of its own: what it does with times, not the times.
#include "kernels/bench/gpu.h"

#include "kernels/bench/gpu_files.h"
#include "kernels/simt/executor.h"
#include "kernels/work.h"
#include "tests/catch.h"

namespace mobasim::tests::gpu_test {
namespace {

using namespace kernels;

// A clock that goes a second on with each event: what is between two events takes as long as there are events.
int events = 0;
void* counted(cuda::Stream) { return new double(++events); }
double seconds_from(void* begin, void* end) { return *static_cast<double*>(end) - *static_cast<double*>(begin); }
void forget(void* mark) { delete static_cast<double*>(mark); }
constexpr bench::StreamClock kCountingClock{counted, seconds_from, forget};

Case small_case(const char* name) { return case_named(cases(), name); }

TEST_CASE("the stages of a pass do its useful work together, and backward a quarter more of products") {
  for (const Case& row : cases_for(Purpose::verify)) {
    if (row.problem.mechanism == Mechanism::sliding_window) continue;
    Flops forward, backward, backward_hardware;
    for (const cuda::StageWork& work : cuda::forward_work(row.problem)) forward += work.useful;
    for (const cuda::StageWork& work : cuda::backward_work(row.problem)) {
      if (work.stage != cuda::Stage::backward_keys) continue;
      backward += work.useful;
      backward_hardware += work.hardware;
    }
    INFO(row.name);
    CHECK(forward.value() == Approx(forward_flops(row.problem).value()));
    CHECK(backward.value() == Approx(backward_flops(row.problem).value()));
    CHECK(backward_hardware.value() == Approx(1.25 * backward.value()));
  }
}

TEST_CASE("a bench has the peak and a row for each pass, and a time for each stage that ran") {
  bench::GpuOptions options;
  options.cases = {small_case("moba_whole_blocks"), small_case("full_tile_64")};
  options.clock = kCountingClock;
  options.budget = Seconds(100);
  options.probe_blocks = options.probe_rounds = 1;
  const bench::GpuResult result = bench::gpu_result_of(cuda::simt_target(), options);
  CHECK(result.left_out.empty());
  REQUIRE(result.rows.size() == 1 + 4);
  CHECK(result.samples.size() == result.rows.size());
  CHECK(result.rows[0].operation == "fma_peak");
  CHECK(result.stages.size() == 5 + 4 + 1 + 3);  // MoBA forward and backward, full forward and backward
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    CHECK(result.rows[i].samples == static_cast<std::int64_t>(result.samples[i].size()));
    CHECK(result.rows[i].time == Seconds(1));
    CHECK(result.rows[i].implementation == "mobasim_cuda");
  }
  for (const bench::StageTime& stage : result.stages) CHECK(stage.time.median == 1);
}

TEST_CASE("a case is disturbed where the GPU stays slow, not where its own load slowed it for a moment") {
  bench::GpuOptions options;
  options.cases = {small_case("full_tile_64")};
  options.clock = kCountingClock;
  options.budget = Seconds(600);  // never spent, however slow the machine
  options.probe_blocks = options.probe_rounds = 1;
  options.patience = Seconds(0.2);  // many looks: what they see must not become the level
  options.rest = Seconds(0);
  static int runs = 0;
  runs = 0;
  options.clock.seconds = [](void*, void*) { return ++runs < 100 ? 1.0 : 2.0; };  // halved, and stays so
  const bench::GpuResult held_down = bench::gpu_result_of(cuda::simt_target(), options);
  REQUIRE(held_down.rows.size() == 1 + 2);
  CHECK(held_down.left_out.empty());
  for (std::size_t i = 1; i < 3; ++i) {
    CHECK(disturbed(held_down.rows[i]));
    CHECK(held_down.rows[i].probe.value() == Approx(held_down.probes.front().value() / 2));
  }
  options.clock = kCountingClock;
  const bench::GpuResult steady = bench::gpu_result_of(cuda::simt_target(), options);
  CHECK_FALSE(disturbed(steady.rows[1]));
}

TEST_CASE("the peak's kernel does the products that it is credited with") {
  std::vector<float> sink(2 * cuda::kPeakThreads, -1.0f);
  const simt::Session session;
  float* memory = static_cast<float*>(cuda::simt_target().allocate(sink.size() * sizeof(float), "sink"));
  cuda::simt_target().peak(cuda::Element::bf16, {memory, 3}, 2, nullptr);
  cuda::simt_target().download(sink.data(), memory, sink.size() * sizeof(float));
  cuda::simt_target().release(memory);
  REQUIRE(session.counters().size() == 1);
  CHECK(2.0 * 16 * 8 * 16 * static_cast<double>(session.total().mma) == cuda::peak_flops(2, 3));
  for (const float value : sink) CHECK(value != -1.0f);
}

TEST_CASE("times of what is no GPU are refused") {
  CHECK_THROWS_AS(bench::check_is_gpu(cuda::simt_target(), kCountingClock), cuda::CudaError);
}

TEST_CASE("a dry run shows the least time of each stage, and of the pass their sum") {
  const Table table = bench::dry_run_table({small_case("moba_whole_blocks")}, FlopRate(1e15), ByteRate(3e12));
  REQUIRE(table.rows.size() == 5 + 1 + 4 + 1);
  double sum = 0;
  for (std::size_t i = 0; i < 5; ++i) sum += std::get<double>(table.rows[i][6]);
  CHECK(std::get<double>(table.rows[5][6]) == Approx(sum));
}

}  // namespace
}  // namespace mobasim::tests::gpu_test
