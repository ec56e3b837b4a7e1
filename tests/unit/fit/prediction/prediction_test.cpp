// What a law says beyond its data and how sure that is, and the compute at which it reaches a loss.
#include "fit/prediction/prediction.h"

#include "fit/interval/distributions.h"
#include "fit/prediction/target_loss.h"
#include "tests/catch.h"
#include "tests/unit/fit/planted.h"

namespace mobasim::tests::prediction_test {
namespace {

struct Known {
  Estimate estimate;
  Backtest backtest;
};

Known known(const LossLaw& law, const Xs& xs, double noise = 0.005) {
  Random random(1);
  const FitData data = planted_data(law, xs, noise, random);
  return {estimated(law, data, {}, "g"), backtested(law, data, {})};
}

std::vector<Known> examples() {
  return {known(PowerLaw{2, 0.1}, over_range(15, 0.1, 1000)), known(kFloored, over_range(20, 0.1, 1000)),
          known(kChinchilla, over_grid(5, 6)),
          known(OuterChinchillaLaw{1.8, 480, 0.35, 2100, 0.37, 0.9}, over_grid(6, 8))};
}

double log_width(const Interval& interval) { return std::log(interval.hi / interval.lo); }

std::vector<double> times_farther(const LawFit& fit, double factor) {
  if (shape(fit.law).inputs == 1) return {factor * fit.range[0].hi};
  return {factor * fit.range[0].hi, fit.range[1].hi};
}

}  // namespace

TEST_CASE("Bands grow the farther a law reaches, and hold the interval of the law itself") {
  for (const Known& one : examples()) {
    double band = 0, mean = 0;
    for (const double factor : {1.0, 2.0, 5.0, 10.0, 100.0, 1e4}) {
      const Prediction there = predicted(one.estimate, one.backtest, times_farther(one.estimate.fit, factor));
      INFO(name(one.estimate.fit.law) << " at " << factor);
      CHECK(there.extrapolation == Approx(factor));
      CHECK(there.mean.lo < there.value);
      CHECK(there.mean.hi > there.value);
      CHECK(there.band.lo < there.mean.lo);
      CHECK(there.band.hi > there.mean.hi);
      CHECK(log_width(there.band) > band);
      CHECK(log_width(there.mean) > mean);
      band = log_width(there.band);
      mean = log_width(there.mean);
    }
  }
}

TEST_CASE("A band is made of scatter, of what is uncertain and of the back-test's rate, as its formula says") {
  for (const Known& one : examples()) {
    const std::vector<double> x = times_farther(one.estimate.fit, 7);
    const Prediction there = predicted(one.estimate, one.backtest, x);
    const double t = t_quantile_95(one.estimate.uncertainty.degrees_of_freedom);
    const double scatter = t * t * one.estimate.uncertainty.cluster_variance;  // no clusters: of the points
    const double law = std::pow(log_width(there.mean) / 2, 2);
    const double reach = std::pow(2 * one.backtest.rate * std::log(7), 2);
    CHECK(log_width(there.band) / 2 == Approx(std::sqrt(scatter + law + reach)).epsilon(1e-9));
    const Prediction without = predicted(one.estimate, {}, x);
    CHECK(log_width(without.band) / 2 == Approx(std::sqrt(scatter + law)).epsilon(1e-9));
  }
}

TEST_CASE("Inside the data a back-test widens nothing") {
  for (const Known& one : examples()) {
    const std::vector<double> x = times_farther(one.estimate.fit, 0.3);
    const Prediction there = predicted(one.estimate, one.backtest, x), without = predicted(one.estimate, {}, x);
    if (there.extrapolation <= 1) CHECK(log_width(there.band) == Approx(log_width(without.band)));
  }
}

TEST_CASE("Another standard error of the mean, from a bootstrap, takes the place of the delta method's") {
  const Known one = known(kFloored, over_range(20, 0.1, 1000));
  const double t = t_quantile_95(one.estimate.uncertainty.degrees_of_freedom);
  const Prediction there = predicted(one.estimate, one.backtest, {5000}, 0.02);
  CHECK(log_width(there.mean) / 2 == Approx(t * 0.02));
}

TEST_CASE("Where nothing is determined a band is everything") {
  Random random(1);
  FitData data = in_clusters(planted_data(PowerLaw{2, 0.1}, over_range(20, 1, 100), 0.005, random), 10);  // two runs
  const Prediction there = predicted(estimated(PowerLaw{}, data, {}, "g"), {}, {1000});
  CHECK(there.value == Approx(2 * std::pow(1000, -0.1)).epsilon(0.05));
  CHECK(there.band.lo == 0);
  CHECK(std::isinf(there.band.hi));
}

TEST_CASE("95% bands inside the data hold one more observation 95 times in 100") {
  Random random(2);
  int inside = 0;
  constexpr int kSets = 500;
  for (int set = 0; set < kSets; ++set) {
    const FitData data = planted_data(kFloored, over_range(15, 0.1, 1000), 0.005, random);
    const double x = log_uniform(random, 0.1, 1000);
    const double observed = value_at(kFloored, {x}) * std::exp(0.005 * normal(random));
    Estimate estimate;
    estimate.fit = fitted(kFloored, data, {}, "g");
    estimate.uncertainty = uncertainty_of(estimate.fit, data);
    const Interval band = predicted(estimate, {}, {x}).band;
    inside += band.lo <= observed && observed <= band.hi ? 1 : 0;
  }
  CHECK(inside >= 0.92 * kSets);
  CHECK(inside <= 0.98 * kSets);
}

TEST_CASE("The compute that reaches a loss is where the law has that loss") {
  for (const Known& one : examples()) {
    for (const double factor : {0.5, 3.0, 30.0}) {
      const double loss = predicted(one.estimate.fit, times_farther(one.estimate.fit, factor));
      const TargetLoss target = target_loss(one.estimate, one.backtest, loss);
      INFO(name(one.estimate.fit.law) << " " << loss << ": " << target.unreached);
      REQUIRE(target.unreached.empty());
      CHECK(relative(predicted(one.estimate.fit, target.x), loss) < 1e-10);
      CHECK(target.extrapolation == Approx(extrapolation(one.estimate.fit, target.x)));
      if (target.x.size() == 1) {
        CHECK(relative(target.product, times_farther(one.estimate.fit, factor)[0]) < 1e-7);
      } else {
        CHECK(target.product == Approx(target.x[0] * target.x[1]).epsilon(1e-12));
        // No other pair of that loss has a smaller product.
        CHECK(target.product <= times_farther(one.estimate.fit, factor)[0] * one.estimate.fit.range[1].hi * (1 + 1e-9));
      }
    }
  }
}

TEST_CASE("The interval of that compute ends where the band reaches the loss") {
  for (const Known& one : examples()) {
    const double loss = predicted(one.estimate.fit, times_farther(one.estimate.fit, 1.5));
    const TargetLoss target = target_loss(one.estimate, one.backtest, loss);
    CHECK(target.interval.lo < target.product);
    CHECK(target.interval.hi > target.product);
    const auto band = [&](double product) {
      return predicted(one.estimate, one.backtest, best_split(one.estimate.fit, product)).band;
    };
    INFO(name(one.estimate.fit.law) << " " << target.interval.lo << " to " << target.interval.hi);
    CHECK(relative(band(target.interval.lo).lo, loss) < 1e-9);
    if (std::isfinite(target.interval.hi)) CHECK(relative(band(target.interval.hi).hi, loss) < 1e-9);
  }
}

TEST_CASE("The best split of a product beats its neighbours, and spends exactly the product") {
  for (const Known& one : examples()) {
    if (shape(one.estimate.fit.law).inputs == 1) continue;
    for (const double product : {1e18, 1e21, 1e25}) {
      const std::vector<double> best = best_split(one.estimate.fit, product);
      CHECK(best[0] * best[1] == Approx(product).epsilon(1e-12));
      const double least = predicted(one.estimate.fit, best);
      for (const double shift : {0.5, 0.9, 0.99, 1.01, 1.1, 2.0}) {
        CHECK(predicted(one.estimate.fit, {best[0] * shift, best[1] / shift}) > least);
      }
    }
  }
}

TEST_CASE("A loss that is never reached says why") {
  const Known floored = known(kFloored, over_range(20, 0.1, 1000));
  const TargetLoss below = target_loss(floored.estimate, floored.backtest, 1.2);
  CHECK(says(below.unreached, "it is not above the law's floor of 1."));
  CHECK(below.x.empty());
  CHECK(std::isinf(below.product));
  const Known line = known(PowerLaw{2, 0.01}, over_range(10, 1, 100), 0.0001);
  CHECK(says(target_loss(line.estimate, line.backtest, 0.5).unreached, "1e12 times the data"));
  const Known rising = known(PowerLaw{2, -0.1}, over_range(10, 1, 100));
  CHECK(says(target_loss(rising.estimate, rising.backtest, 1.9).unreached, "does not fall"));
}

}  // namespace mobasim::tests::prediction_test
