// The figures of attention_benchmark: intervals, the length from which MoBA pays, and that a file gives back what was
// written.
#include "tests/benchmark/attention/results.h"

#include <cmath>
#include <string>

#include "kernels/random.h"
#include "sim/base/table.h"
#include "tests/benchmark/attention/pages.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::results_test {
namespace {

using namespace mobasim::benchmark;

TEST_CASE("an interval holds the median of a skewed distribution in at least 95% of the cases") {
  constexpr int kCases = 4000;
  const double median = std::log(2.0);  // of the exponential distribution
  for (const int rounds : {6, 9, 15, 40}) {
    kernels::Random random(static_cast<std::uint64_t>(rounds));
    int held = 0;
    for (int i = 0; i < kCases; ++i) {
      std::vector<double> values(static_cast<std::size_t>(rounds));
      for (double& value : values) value = -std::log(1 - random.uniform());
      const Estimate found = estimate(values);
      REQUIRE(found.lo <= found.median);
      REQUIRE(found.median <= found.hi);
      held += found.lo <= median && median <= found.hi;
    }
    INFO(rounds << " rounds");
    CHECK(held >= 0.95 * kCases - 3 * std::sqrt(0.05 * 0.95 * kCases));
    if (rounds == 40) CHECK(held <= 0.99 * kCases);  // as narrow as it may be
  }
}

Result moba_at(std::int64_t sequence, const std::string& pass, double speed_up) {
  Result result;
  result.dtype = "f32";
  result.sequence = sequence;
  result.block = 512;
  result.top_k = 3;
  result.pass = pass;
  result.implementation = "mobasim";
  result.rounds = 9;
  result.time_s = {2e-3, 1e-3, 3e-3};
  result.speed_up = Estimate{speed_up, speed_up, speed_up};
  result.flop_ratio = 2.5;
  return result;
}

std::vector<Result> moba_with(double forward_at_1024, double forward_at_4096) {
  std::vector<Result> found;
  for (const Pass pass : kPasses) {
    const bool forward = pass == Pass::forward;
    found.push_back(moba_at(1024, name(pass), forward ? forward_at_1024 : 2));
    found.push_back(moba_at(4096, name(pass), forward ? forward_at_4096 : 0.5));
  }
  return found;
}

TEST_CASE("the length from which MoBA pays lies where the speed-up crosses 1") {
  const auto page = [](double at_1024, double at_4096) { return break_even_table(moba_with(at_1024, at_4096)); };
  CHECK(page(0.5, 2).find("| 64 | 2048 | beyond 4096 | beyond 4096 |") != std::string::npos);  // the mean of the logs
  CHECK(page(1.1, 2).find("| 64 | below 1024 |") != std::string::npos);
  CHECK(page(0.5, 0.9).find("| 64 | beyond 4096 |") != std::string::npos);
}

TEST_CASE("a table marks what falls short of its goal") {
  std::vector<Result> found = moba_with(2.0, 1.0);  // shares 0.8 and 0.4
  const std::string page = moba_tables(found);
  CHECK(page.find("2.50 | 0.80 |") != std::string::npos);
  CHECK(page.find("2.50 | **0.40** |") != std::string::npos);
}

TEST_CASE("only block 128 of top_k 8 and head_dim 64 may have a smaller share") {
  const auto bold = [](std::int64_t block, std::int64_t top_k, std::int64_t head_dim) {
    std::vector<Result> found = moba_with(1.7, 1.7);  // a share of 0.68
    for (Result& result : found) {
      result.block = block;
      result.top_k = top_k;
      result.head_dim = head_dim;
      result.speed_up = Estimate{1.7, 1.7, 1.7};
    }
    return moba_tables(found).find("**0.68**") != std::string::npos;
  };
  CHECK(!bold(128, 8, 64));
  CHECK(bold(128, 3, 64));
  CHECK(bold(128, 8, 128));
  CHECK(bold(512, 8, 64));
}

std::vector<Result> full_with(const std::string& dtype, double peak_fraction) {
  std::vector<Result> found = moba_with(1, 1);
  for (Result& result : found) {
    result.dtype = dtype;
    result.block = result.top_k = 0;
    result.peak_fraction = Estimate{peak_fraction, peak_fraction, peak_fraction};
  }
  return found;
}

TEST_CASE("bf16 is held to 0.70 in both passes, f32 to 0.80 forward and 0.65 backward") {
  const auto bold = [](const std::string& dtype, double fraction) {
    const std::string page = full_tables(full_with(dtype, fraction));
    std::size_t count = 0;
    for (std::size_t at = page.find("**0."); at != std::string::npos; at = page.find("**0.", at + 1)) ++count;
    return count / 2;  // of two lengths
  };
  CHECK(bold("bf16", 0.71) == 0);
  CHECK(bold("bf16", 0.68) == 2);
  CHECK(bold("f32", 0.68) == 1);
  CHECK(bold("f32", 0.60) == 2);
  CHECK(bold("f32", 0.81) == 0);
}

TEST_CASE("headings tell full attention and yardsticks apart") {
  std::vector<Result> found = full_with("f32", 0.7);
  CHECK(full_tables(found).starts_with("Full attention, f32, 1 thread:\n"));
  for (Result& result : found) result.implementation = "onednn";
  CHECK(yardstick_table(found).starts_with("Yardsticks, f32, 1 thread:\n"));
}

TEST_CASE("a file gives back the results that were written") {
  std::vector<Result> written = moba_with(0.5, 2);
  written[0].peak_fraction = Estimate{0.75, 0.5, 1.0};
  written[0].over_onednn = Estimate{1.25, 1.0, 1.5};
  written[0].tiles = "128x512 128x128";
  const ScratchFolder folder;
  put_file(folder / "a.csv", "# where it ran\n" + rendered(table_of(written), TableFormat::csv));
  const std::vector<Result> read = results_in(folder / "a.csv");
  REQUIRE(read.size() == written.size());
  CHECK(rendered(table_of(read), TableFormat::csv) == rendered(table_of(written), TableFormat::csv));
}

}  // namespace
}  // namespace mobasim::tests::results_test
