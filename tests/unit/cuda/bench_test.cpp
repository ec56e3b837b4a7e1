// The bench of a GPU, on the executor with a clock of its own: what it does with times, not the times.
#include "kernels/cuda/bench.h"

#include <chrono>

#include "kernels/cuda/bench_files.h"
#include "kernels/work.h"
#include "tests/catch.h"

namespace mobasim::tests {
namespace {

using namespace kernels;

void* marked(cuda::Stream) { return new double(now()); }
double seconds_from(void* begin, void* end) { return *static_cast<double*>(end) - *static_cast<double*>(begin); }
void forget(void* mark) { delete static_cast<double*>(mark); }
constexpr cuda::StreamClock kHostClock{marked, seconds_from, forget};

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
  options.clock = kHostClock;
  options.budget = Seconds(0.1);
  const cuda::GpuBenchResult result = cuda::bench_gpu(cuda::simt_target(), options);
  // The clock of a busy machine may be said to have fallen: then the case is left out, in words.
  CHECK(result.rows.size() + 2 * result.left_out.size() == 4);
  CHECK(result.samples.size() == result.rows.size());
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    CHECK(result.rows[i].samples == static_cast<std::int64_t>(result.samples[i].size()));
    CHECK(result.rows[i].time > Seconds(0));
    CHECK(result.rows[i].implementation == "mobasim_cuda");
  }
  for (const cuda::StageTime& stage : result.stages) CHECK(stage.time.median > 0);
}

TEST_CASE("times of what is no GPU are refused") {
  CHECK_THROWS_AS(cuda::check_is_gpu(cuda::simt_target(), kHostClock), cuda::CudaError);
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
