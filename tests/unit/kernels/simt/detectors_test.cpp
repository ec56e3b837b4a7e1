// Each detector of the executor has small wrong kernels it must flag, whatever the order of threads, and each wrong
// kernel has a right twin that must pass.
#include <algorithm>
#include <numeric>

#include "tests/catch.h"
#include "tests/unit/kernels/simt/fixture.h"
#include "tests/unit/kernels/simt/wrong_kernels.h"

namespace mobasim::tests::detectors_test {
namespace {

LaunchOutcome outcome(const Wrong& wrong, bool is_wrong, ExecutorOptions options = {}) {
  std::vector<int> numbers(kWords);
  std::iota(numbers.begin(), numbers.end(), 0);
  const Device<int> in(numbers, "in"), out(kWords, "out"), undefined(kWords, "undefined");
  options.longest_run = 1000;
  const Session session(options);
  const Trial trial{in.data(), out.data(), undefined.data(), is_wrong};
  return outcome_of([&] {
    cuda::launch(wrong.kernel, wrong.name, {{kBlocks}, kThreads, kSharedBytes}, trial, nullptr, __FILE__, __LINE__);
  });
}

TEST_CASE(
    "every wrong kernel is flagged by the detector it is made for, in any order of threads, and its right twin "
    "passes") {
  for (const Wrong& wrong : kWrongs) {
    INFO(wrong.name);
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      const LaunchOutcome right = outcome(wrong, false, {.seed = seed});
      INFO("seed " << seed << " " << right.text);
      CHECK_FALSE(right.found);
      const LaunchOutcome found = outcome(wrong, true, {.seed = seed});
      INFO(found.text);
      REQUIRE(found.found);
      CHECK(name(found.detector) == std::string(name(wrong.detector)));
      CHECK(found.text.starts_with(wrong.name));
      CHECK(found.text.find("tests/unit/kernels/simt/wrong_kernels.h:") != std::string::npos);
    }
  }
}

TEST_CASE("every detector is tried") {
  for (int i = 0; i < kDetectors; ++i) {
    INFO(name(static_cast<Detector>(i)));
    CHECK(std::any_of(std::begin(kWrongs), std::end(kWrongs),
                      [&](const Wrong& wrong) { return wrong.detector == static_cast<Detector>(i); }));
  }
}

TEST_CASE("a detector that is ignored lets its wrong kernels pass, and only those that can be are ignored") {
  for (const Wrong& wrong : kWrongs) {
    INFO(wrong.name);
    const bool may_be = wrong.detector == Detector::race_shared || wrong.detector == Detector::race_global ||
                        wrong.detector == Detector::async_read || wrong.detector == Detector::uninitialised_shared ||
                        wrong.detector == Detector::uninitialised_global || wrong.detector == Detector::copies_left;
    if (may_be) {
      const LaunchOutcome passed = outcome(wrong, true, {.ignored = {wrong.detector}});
      INFO(passed.text);
      CHECK_FALSE(passed.found);
    } else {
      CHECK_THROWS_AS(outcome(wrong, true, {.ignored = {wrong.detector}}), std::invalid_argument);
    }
  }
}

TEST_CASE("a finding names kernel, block, both threads, both lines and the byte") {
  const Wrong wrong = WRONG(write_after_read_by_many, race_shared);
  const std::string text = outcome(wrong, true).text;
  INFO(text);
  CHECK(text.starts_with("write_after_read_by_many, block ("));
  CHECK(text.find("thread 5 (warp 0, lane 5) at tests/unit/kernels/simt/wrong_kernels.h:") != std::string::npos);
  CHECK(text.find(" writes 4 bytes at byte 0 of shared memory") != std::string::npos);
  const std::size_t second = text.find("was read by thread ");
  REQUIRE(second != std::string::npos);
  CHECK(text.find("wrong_kernels.h:", second) != std::string::npos);
}

}  // namespace
}  // namespace mobasim::tests::detectors_test
