// A back-test asks laws fitted to the smaller runs for the larger ones, and nothing else.
#include "fit/prediction/backtest.h"

#include <algorithm>

#include "tests/catch.h"
#include "tests/unit/fit/planted.h"

namespace mobasim::tests::backtest_test {
namespace {

double compute(const FitData& data, std::size_t i) { return data.log_x[i][0] + data.log_x[i][1]; }

// The points, each a cluster, whose compute is at most that of the `count` smallest.
FitData smallest(const FitData& data, std::int64_t count) {
  std::vector<std::size_t> order(data.points());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::sort(order, {}, [&](std::size_t i) { return compute(data, i); });
  order.resize(static_cast<std::size_t>(count));
  return subset(data, order);
}

}  // namespace

TEST_CASE("Fewer than 7 points or runs are no back-test, and it is said") {
  const Backtest points = backtested(PowerLaw{}, noisy(PowerLaw{2, 0.1}, over_range(6, 1, 100)), {});
  CHECK(points.held_out.empty());
  CHECK(says(points.impossible, "no back-test possible: 6 points, at least 7 are needed"));
  const FitData runs = in_clusters(noisy(PowerLaw{2, 0.1}, over_range(60, 1, 100)), 10);
  CHECK(says(backtested(PowerLaw{}, runs, {}).impossible, "no back-test possible: 6 runs, at least 7"));
  const Backtest enough = backtested(PowerLaw{}, noisy(PowerLaw{2, 0.1}, over_range(7, 1, 100)), {});
  CHECK(enough.impossible.empty());
  CHECK(enough.origins > 0);
}

TEST_CASE("Seven runs of one size leave nothing larger to ask for, and it is said") {
  FitData data;
  Random random(1);
  for (int run = 0; run < 7; ++run) {
    for (const double x : {1.0, 2.0, 4.0}) add_point(data, {x}, -0.1 * std::log(x) + 0.01 * normal(random));
  }
  CHECK(
      says(backtested(PowerLaw{}, in_clusters(data, 3), {}).impossible, "no back-test possible: no part of the runs"));
}

TEST_CASE("A held-out error is that of the law fitted to exactly the smaller points") {
  for (const LossLaw& law : {LossLaw(PowerLaw{2, 0.1}), LossLaw(kFloored), LossLaw(kChinchilla)}) {
    const bool two = shape(law).inputs == 2;
    const FitData data = noisy(law, two ? over_grid(5, 6) : over_range(14, 0.1, 1000));
    const Backtest backtest = backtested(law, data, {});
    REQUIRE(!backtest.held_out.empty());
    for (const HeldOut& one : backtest.held_out) {
      const LawFit fit = fitted(law, smallest(data, one.fitted_clusters), {}, "smaller");
      bool found = false;
      for (std::size_t i = 0; i < data.points() && !found; ++i) {
        if (relative(std::exp(data.log_y[i]), one.observed) > 1e-14) continue;
        std::vector<double> x = {std::exp(data.log_x[i][0])};
        if (two) x.push_back(std::exp(data.log_x[i][1]));
        found = true;
        CHECK(relative(predicted(fit, x), one.predicted) < 1e-7);
        CHECK(extrapolation(fit, x) == Approx(one.extrapolation).epsilon(1e-12));
        CHECK(compute(data, i) > compute(smallest(data, one.fitted_clusters), std::size_t(one.fitted_clusters) - 1));
      }
      CHECK(found);
      CHECK(one.error() == Approx(one.predicted / one.observed - 1));
    }
  }
}

TEST_CASE("Every origin has four computes below it and is asked beyond them, as far as its own range reaches") {
  const Backtest backtest = backtested(PowerLaw{}, noisy(PowerLaw{2, 0.1}, over_range(12, 0.1, 1000)), {});
  CHECK(backtest.origins == 8);
  CHECK(backtest.held_out.size() == 27);  // 3 + 4 + 5 of more, then 5 + 4 + 3 + 2 + 1: all that are left
  for (const HeldOut& one : backtest.held_out) {
    CHECK(one.fitted_clusters >= 4);
    CHECK(one.extrapolation > 1);
    const double range = std::pow(1e4, static_cast<double>(one.fitted_clusters - 1) / 11);
    CHECK(one.extrapolation <= range * (1 + 1e-6));
  }
}

TEST_CASE("Points of equal compute are never split between what is fitted and what is held out") {
  Xs xs;
  for (const auto& x : over_range(10, 1, 1000)) xs.insert(xs.end(), 3, x);
  const FitData data = noisy(PowerLaw{2, 0.1}, xs);
  const Backtest backtest = backtested(PowerLaw{}, data, {});
  REQUIRE(!backtest.held_out.empty());
  for (const HeldOut& one : backtest.held_out) CHECK(one.fitted_clusters % 3 == 0);
}

TEST_CASE("A run is held out whole: none of its points is fitted") {
  FitData data;
  Random random(3);
  for (const auto& end : over_range(9, 1, 1000)) {  // curves that overlap
    for (const double part : {0.1, 0.3, 1.0}) {
      add_point(data, {part * end[0]}, 1 - 0.1 * std::log(part * end[0]) + 0.005 * normal(random));
    }
  }
  data = in_clusters(data, 3);
  const Backtest backtest = backtested(PowerLaw{}, data, {});
  CHECK(backtest.origins == 5);
  for (const HeldOut& one : backtest.held_out) {
    std::vector<std::size_t> runs;
    for (std::size_t k = 0; k < std::size_t(one.fitted_clusters); ++k) runs.push_back(k);
    const LawFit fit = fitted(PowerLaw{}, subset(data, runs), {}, "smaller");
    CHECK(relative(predicted(fit, {one.extrapolation * fit.range[0].hi}), one.predicted) < 1e-9);
  }
}

TEST_CASE("Exact data leave no error, so that the rate is 0") {
  for (const LossLaw& law : {LossLaw(PowerLaw{2, 0.1}), LossLaw(kFloored), LossLaw(kChinchilla)}) {
    const Backtest backtest =
        backtested(law, noisy(law, shape(law).inputs == 2 ? over_grid(5, 6) : over_range(14, 0.1, 1000), 0), {});
    REQUIRE(!backtest.held_out.empty());
    CHECK(backtest.rate < 1e-6);
    CHECK(backtest.rms_error < 1e-6);
  }
}

TEST_CASE("A law that is wrong has a larger rate than the one the data were made by") {
  const FitData data = noisy(kFloored, over_range(20, 0.1, 1000), 0.002);
  CHECK(backtested(PowerLaw{}, data, {}).rate > 3 * backtested(FlooredPowerLaw{}, data, {}).rate);
}

TEST_CASE("The order of the points does not matter to a back-test") {
  const FitData data = noisy(kFloored, over_range(15, 0.1, 1000));
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < 15; ++i) order.push_back(7 * i % 15);
  const Backtest one = backtested(kFloored, data, {}), two = backtested(kFloored, subset(data, order), {});
  CHECK(two.rate == Approx(one.rate).epsilon(1e-6));
  CHECK(two.held_out.size() == one.held_out.size());
}

TEST_CASE("Of many origins an even choice is taken, and a back-test stops when asked to") {
  const FitData data = noisy(PowerLaw{2, 0.1}, over_range(100, 0.1, 1e4));
  CHECK(backtested(PowerLaw{}, data, {}).origins == 24);
  int asked = 0;
  const Progress progress({}, [&] { return ++asked > 3; });
  CHECK_THROWS_AS(backtested(PowerLaw{}, data, {}, progress), Stopped);
  CHECK(asked == 4);
}

}  // namespace mobasim::tests::backtest_test
