#include <cmath>
#include <random>

#include "fit/data/fit_points.h"
#include "fit/interval/estimate.h"
#include "tests/catch.h"

namespace mobasim::tests::paired_test {
namespace {

// Runs of two arms whose losses share what is peculiar to a size: L_B = 1.5 x^-0.1 (1 + peculiar), L_A = L_B r x^-s.
struct Arms {
  RunGroup a, b;
};

Arms planted(const PairedLaw& law, double peculiar, double noise) {
  std::mt19937 random(11);
  std::normal_distribution<double> normal;
  Arms arms;
  for (const double end : {0.36, 0.71, 1.35, 2.47, 5.08}) {
    const std::vector<std::string> key = {std::to_string(end)};
    const double size = std::exp(peculiar * normal(random));
    const double difference = std::exp(noise * normal(random));
    TrainingRun a{key, {}}, b{key, {}};
    for (const double part : {0.5, 0.96, 0.98, 1.0}) {
      const double x = part * end;
      b.points.push_back({x, 1.5 * std::pow(x, -0.1) * size});
      a.points.push_back({x, b.points.back().loss * value_at(law, {x}) * difference});
    }
    arms.a.runs.push_back(a);
    arms.b.runs.insert(arms.b.runs.begin(), b);  // the order of runs must not matter
  }
  return arms;
}

const PointRule kTail{PointRule::Kind::tail, 0.05};

Estimate paired(const RunGroup& a, const RunGroup& b) {
  return estimated(PairedLaw{}, paired_data_of(a, b, kTail, "panel=p"), {}, "panel=p");
}

Estimate alone(const RunGroup& group) { return estimated(PowerLaw{}, fit_data_of(group, kTail), {}, "panel=p"); }

// Of the exponent, the second parameter of either law.
double exponent(const Estimate& estimate) { return parameters(estimate.fit.law).at(1); }
Interval exponent_interval(const Estimate& estimate) { return estimate.intervals.at(1); }
double width(const Interval& interval) { return interval.hi - interval.lo; }

}  // namespace

TEST_CASE("The planted ratio comes back, whatever is peculiar to each size") {
  const PairedLaw truth{1.0534, 0.0099};
  const Arms arms = planted(truth, 0.2, 0);
  const Estimate estimate = paired(arms.a, arms.b);
  CHECK(parameters(estimate.fit.law).at(0) == Approx(truth.r).epsilon(1e-10));
  CHECK(exponent(estimate) == Approx(truth.s).epsilon(1e-8));
  CHECK(estimate.fit.points == 5);
  CHECK(estimate.fit.clusters == 5);
  CHECK(estimate.uncertainty.degrees_of_freedom == 3);
}

TEST_CASE("Pairing is surer of the exponent than two separate fits") {
  const Arms arms = planted({1.05, 0.01}, 0.02, 0.002);
  const Estimate together = paired(arms.a, arms.b), a = alone(arms.a), b = alone(arms.b);
  const double apart = std::hypot(width(exponent_interval(a)), width(exponent_interval(b)));
  CHECK(width(exponent_interval(together)) < apart / 3);
  CHECK(exponent(together) == Approx(exponent(a) - exponent(b)).margin(1e-3));
}

TEST_CASE("Exchanging the arms turns the ratio over") {
  const Arms arms = planted({1.05, 0.01}, 0.02, 0.002);
  const Estimate there = paired(arms.a, arms.b), back = paired(arms.b, arms.a);
  CHECK(parameters(back.fit.law).at(0) == Approx(1 / parameters(there.fit.law).at(0)).epsilon(1e-12));
  CHECK(exponent(back) == Approx(-exponent(there)).epsilon(1e-9));
  CHECK(exponent_interval(back).hi == Approx(-exponent_interval(there).lo).epsilon(1e-9));
}

TEST_CASE("Where the arms spend different x the pair stands at their geometric mean") {
  Arms arms = planted({1.05, 0.01}, 0, 0);
  for (TrainingRun& run : arms.a.runs) {
    for (Point& point : run.points) point.x *= 4;
  }
  CHECK(paired(arms.a, arms.b).fit.range[0].hi == Approx(2 * std::cbrt(0.96 * 0.98) * 5.08).epsilon(1e-12));
}

}  // namespace mobasim::tests::paired_test
