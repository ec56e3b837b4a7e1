// The bench of a GPU, on the executor with a clock of its own: what it does with times, not the times.
#include "kernels/cuda/bench.h"

#include "kernels/cuda/bench_files.h"
#include "kernels/work.h"
#include "tests/catch.h"

namespace mobasim::tests {
namespace {

using namespace kernels;

// A clock that goes a second on with each event: what is between two events takes as long as there are events.
int events = 0;
void* counted(cuda::Stream) { return new double(++events); }
double seconds_from(void* begin, void* end) { return *static_cast<double*>(end) - *static_cast<double*>(begin); }
void forget(void* mark) { delete static_cast<double*>(mark); }
constexpr cuda::StreamClock kCountingClock{counted, seconds_from, forget};

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

TEST_CASE("a bench has a row for each pass, and a time for each stage that ran") {
  cuda::GpuBenchOptions options;
  options.cases = {small_case("moba_whole_blocks"), small_case("full_tile_64")};
  options.clock = kCountingClock;
  options.budget = Seconds(100);
  options.probe_tokens = 64;
  options.probe_heads = 1;
  const cuda::GpuBenchResult result = cuda::bench_gpu(cuda::simt_target(), options);
  CHECK(result.left_out.empty());
  REQUIRE(result.rows.size() == 4);
  CHECK(result.samples.size() == result.rows.size());
  CHECK(result.stages.size() == 5 + 4 + 1 + 3);  // MoBA forward and backward, full forward and backward
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    CHECK(result.rows[i].samples == static_cast<std::int64_t>(result.samples[i].size()));
    CHECK(result.rows[i].time == Seconds(1));
    CHECK(result.rows[i].implementation == "mobasim_cuda");
  }
  for (const cuda::StageTime& stage : result.stages) CHECK(stage.time.median == 1);
}

TEST_CASE("a case whose clock falls is timed again, then left out in words") {
  cuda::GpuBenchOptions options;
  options.cases = {small_case("full_tile_64")};
  options.clock = kCountingClock;
  options.clock.seconds = [](void*, void*) { return static_cast<double>(++events); };  // slower and slower
  options.budget = Seconds(600);  // never spent, however slow the machine
  options.probe_tokens = 64;
  options.probe_heads = 1;
  const cuda::GpuBenchResult result = cuda::bench_gpu(cuda::simt_target(), options);
  CHECK(result.rows.empty());
  REQUIRE(result.left_out.size() == 1);
  CHECK(result.left_out[0].find("the clock fell") != std::string::npos);
}

TEST_CASE("times of what is no GPU are refused") {
  CHECK_THROWS_AS(cuda::check_is_gpu(cuda::simt_target(), kCountingClock), cuda::CudaError);
}

TEST_CASE("a dry run shows the least time of each stage, and of the pass their sum") {
  const Table table = cuda::dry_run_table({small_case("moba_whole_blocks")}, FlopRate(1e15), ByteRate(3e12));
  REQUIRE(table.rows.size() == 5 + 1 + 4 + 1);
  double sum = 0;
  for (std::size_t i = 0; i < 5; ++i) sum += std::get<double>(table.rows[i][6]);
  CHECK(std::get<double>(table.rows[5][6]) == Approx(sum));
}

}  // namespace
}  // namespace mobasim::tests
