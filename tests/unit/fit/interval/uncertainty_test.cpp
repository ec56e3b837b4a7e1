// Standard errors by the delta method are what repetition of the experiment shows.
#include "fit/interval/uncertainty.h"

#include "fit/interval/distributions.h"
#include "tests/catch.h"
#include "tests/unit/fit/planted.h"

namespace mobasim::tests::uncertainty_test {
namespace {

Xs places(const LossLaw& law) { return shape(law).inputs == 2 ? over_grid(5, 6) : over_range(30, 0.1, 1000); }

struct Spread {
  double found = 0, stated = 0;  // root mean squares: of the exponent's error, and of its standard error
};

// Of the last exponent, over repetitions with this noise.
Spread spread_of(const LossLaw& law, const ResidualLoss& loss, double (*noise)(Random&)) {
  constexpr int kSets = 400;
  const LawShape form = shape(law);
  const std::size_t exponent = form.exponent(form.inputs - 1);
  Random random(11);
  Spread spread;
  for (int set = 0; set < kSets; ++set) {
    FitData data = planted_data(law, places(law), 0, random);
    for (double& log_y : data.log_y) log_y += noise(random);
    const LawFit fit = fitted(law, data, loss, "g");
    const double error = fit.at[exponent] - parameters(law)[exponent];
    spread.found += error * error / kSets;
    spread.stated += uncertainty_of(fit, data).covariance[exponent][exponent] / kSets;
  }
  spread.found = std::sqrt(spread.found);
  spread.stated = std::sqrt(spread.stated);
  return spread;
}

double small_normal(Random& random) { return 0.003 * normal(random); }
// Now and then far off.
double heavy(Random& random) { return (uniform(random, 0, 1) < 0.1 ? 0.02 : 0.002) * normal(random); }

}  // namespace

TEST_CASE("Estimates scatter as much as their standard error says") {
  for (const LossLaw& law : {LossLaw(kPower), LossLaw(kFloored), LossLaw(kChinchilla)}) {
    const Spread spread = spread_of(law, {}, small_normal);
    INFO(name(law));
    CHECK(spread.found == Approx(spread.stated).epsilon(0.12));
  }
}

TEST_CASE(
    "Under Huber's loss they scatter less than under squares where points are far off, and no more than is said") {
  const Spread huber = spread_of(kPower, {2e-3}, heavy), squares = spread_of(kPower, {}, heavy);
  CHECK(huber.found < 0.7 * squares.found);
  CHECK(huber.found < 1.15 * huber.stated);
}

TEST_CASE("All weights times the same changes no interval") {
  Random random(1);
  for (const bool clustered : {false, true}) {
    FitData data = planted_data(kFloored, over_range(30, 0.1, 1000), 0.005, random);
    for (std::size_t i = 0; i < data.points(); ++i) data.weights.push_back(uniform(random, 0.5, 2));
    if (clustered) data = in_clusters(data, 3);
    FitData heavier = data;
    for (double& weight : heavier.weights) weight *= 7;
    const LawFit fit = fitted(kFloored, data, {}, "g"), same = fitted(kFloored, heavier, {}, "g");
    CHECK(same.objective == Approx(7 * fit.objective).epsilon(1e-9));
    const auto one = delta_intervals(fit, uncertainty_of(fit, data));
    const auto two = delta_intervals(same, uncertainty_of(same, heavier));
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(two[j].lo == Approx(one[j].lo).epsilon(1e-6));
      CHECK(two[j].hi == Approx(one[j].hi).epsilon(1e-6));
    }
  }
}

TEST_CASE("Weights of inverse variances make a line surer than weights of 1") {
  Random random(2);
  double weighted = 0, unweighted = 0;
  for (int set = 0; set < 100; ++set) {
    FitData data = planted_data(kPower, over_range(20, 0.1, 1000), 0, random);
    for (std::size_t i = 0; i < data.points(); ++i) {
      const double deviation = i % 2 == 0 ? 0.001 : 0.02;
      data.log_y[i] += deviation * normal(random);
      data.weights.push_back(1 / (deviation * deviation));
    }
    weighted += std::pow(fitted(kPower, data, {}, "g").at[1] - kPower.b, 2);
    data.weights.clear();
    unweighted += std::pow(fitted(kPower, data, {}, "g").at[1] - kPower.b, 2);
  }
  CHECK(weighted < 0.05 * unweighted);
}

TEST_CASE("A law is surest among its data, and ever less sure away from them") {
  Random random(3);
  const FitData data = planted_data(kPower, over_range(20, 0.1, 1000), 0.005, random);
  const LawFit fit = fitted(kPower, data, {}, "g");
  const Uncertainty uncertainty = uncertainty_of(fit, data);
  const auto width = [&](double x) {
    const Interval interval = value_interval(fit, uncertainty, {x});
    CHECK(interval.lo < predicted(fit, {x}));
    CHECK(interval.hi > predicted(fit, {x}));
    return std::log(interval.hi / interval.lo);
  };
  const double middle = width(10);
  CHECK(width(100) > middle);
  CHECK(width(1000) > width(100));
  CHECK(width(1e5) > width(1000));
  CHECK(width(0.01) == Approx(width(1e4)));  // as far away on the other side
}

TEST_CASE("As many coordinates as clusters, or more, determine no interval") {
  Random random(4);
  const FitData data = in_clusters(planted_data(kFloored, over_range(30, 0.1, 1000), 0.005, random), 10);
  const LawFit fit = fitted(kFloored, data, {}, "g");
  const Uncertainty uncertainty = uncertainty_of(fit, data);
  CHECK_FALSE(determined(uncertainty));
  for (const Interval& interval : delta_intervals(fit, uncertainty)) CHECK(std::isinf(interval.hi));
}

TEST_CASE("A floor that came out at zero takes no part: the rest is as sure as a power law's") {
  FitData data;
  Random random(5);
  for (const auto& x : over_range(15, 1, 1e4)) {
    const double log_x = std::log(x[0]);
    add_point(data, x, 1 - 0.1 * log_x - 0.001 * log_x * log_x + 0.003 * normal(random));
  }
  const LawFit floored = fitted(FlooredPowerLaw{}, data, {}, "g"), line = fitted(PowerLaw{}, data, {}, "g");
  REQUIRE(floored.floor_at_zero);
  const Uncertainty with = uncertainty_of(floored, data), without = uncertainty_of(line, data);
  CHECK(with.covariance[0][0] == 0);
  CHECK(with.degrees_of_freedom == without.degrees_of_freedom);
  CHECK(with.covariance[2][2] == Approx(without.covariance[1][1]).epsilon(1e-6));
}

}  // namespace mobasim::tests::uncertainty_test
