// Intervals by profile likelihood: what they are where theory says so, that their ends are where they should be, and
// that they hold the truth as often as they say.
#include "fit/interval/profile.h"

#include "fit/interval/distributions.h"
#include "fit/interval/estimate.h"
#include "fit/solve/newton.h"
#include "tests/catch.h"
#include "tests/unit/fit/planted.h"

namespace mobasim::tests::profile_test {
namespace {

double width(const Interval& interval) { return interval.hi - interval.lo; }

// The least objective with a coordinate held, coordinates being about log x = 0: natural parameters but for their
// logarithms.
double least_with(const LawFit& fit, const FitData& data, std::size_t held, double value) {
  const LawShape form = shape(fit.law);
  const Objective objective(form, data, fit.loss, Inputs{});
  Coordinates at = coordinates_of(form, parameters(fit.law), Inputs{});
  Directions directions = free_directions(form, at);
  directions.erase(directions.begin() + static_cast<std::ptrdiff_t>(held));
  const double from = at[held];
  LocalMinimum minimum;
  for (int step = 1; step <= 20; ++step) {  // in small steps: the others follow
    at[held] = from + (value - from) * step / 20;
    minimum = newton_minimum(objective, at, directions);
    at = minimum.at;
  }
  return minimum.value;
}

bool is_exponent(const LawShape& form, std::size_t j) {
  for (std::size_t i = 0; i < form.inputs; ++i) {
    if (j == form.exponent(i)) return true;
  }
  return false;
}

// Shares of sets whose profile interval holds the truth, of these parameters.
std::vector<double> coverage(const LossLaw& law, const Xs& xs, double noise, const std::vector<std::size_t>& of,
                             int sets) {
  Random random(20250218);
  std::vector<double> shares(of.size());
  for (int set = 0; set < sets; ++set) {
    const FitData data = planted_data(law, xs, noise, random);
    const LawFit fit = fitted(law, data, {}, "g");
    const Uncertainty uncertainty = uncertainty_of(fit, data);
    for (std::size_t i = 0; i < of.size(); ++i) {
      const Interval interval = profile_interval(fit, data, uncertainty, of[i]);
      const double truth = parameters(law)[of[i]];
      shares[i] += (interval.lo <= truth && truth <= interval.hi) / static_cast<double>(sets);
    }
  }
  return shares;
}

}  // namespace

TEST_CASE("For a line the profile is the t interval") {
  Random random(1);
  for (int i = 0; i < 20; ++i) {
    const FitData data = planted_data(PowerLaw{2, 0.1}, over_range(5 + i, 0.1, 10), 0.01, random);
    const LawFit fit = fitted(PowerLaw{}, data, {}, "g");
    const Uncertainty uncertainty = uncertainty_of(fit, data);
    const std::vector<Interval> t = delta_intervals(fit, uncertainty);
    for (std::size_t j = 0; j < 2; ++j) {
      const Interval profile = profile_interval(fit, data, uncertainty, j);
      CHECK(std::abs(profile.lo - t[j].lo) < 1e-5 * width(t[j]));
      CHECK(std::abs(profile.hi - t[j].hi) < 1e-5 * width(t[j]));
    }
  }
}

TEST_CASE("For runs that share an offset the profile of a line is the t interval of clusters") {
  Random random(2);
  FitData data;
  for (const double end : {0.36, 0.71, 1.35, 2.47, 5.08}) {
    const double offset = 0.01 * normal(random);
    for (int i = 0; i < 12; ++i) {
      const double x = end * (0.95 + 0.05 * i / 11);
      add_point(data, {x}, 0.4 - 0.1 * std::log(x) + offset + 0.002 * normal(random));
    }
  }
  data = in_clusters(data, 12);
  const LawFit fit = fitted(PowerLaw{}, data, {}, "g");
  const Uncertainty uncertainty = uncertainty_of(fit, data);
  for (std::size_t j = 0; j < 2; ++j) {
    const Interval t = delta_intervals(fit, uncertainty)[j], profile = profile_interval(fit, data, uncertainty, j);
    CHECK(std::abs(profile.lo - t.lo) < 1e-5 * width(t));
    CHECK(std::abs(profile.hi - t.hi) < 1e-5 * width(t));
  }
}

TEST_CASE("At a profile's ends the objective has risen by t^2 times the residuals' mean square") {
  Random random(3);
  for (const auto& [law, xs] :
       {std::pair{LossLaw(kFloored), over_range(20, 0.1, 1000)}, {LossLaw(kChinchilla), over_grid(6, 8)}}) {
    const LawShape form = shape(law);
    const FitData data = planted_data(law, xs, 0.005, random);
    const LawFit fit = fitted(law, data, {}, "g");
    const Uncertainty uncertainty = uncertainty_of(fit, data);
    const double t = t_quantile_95(uncertainty.degrees_of_freedom);
    const double rise = t * t * 2 * fit.objective / uncertainty.degrees_of_freedom;
    for (std::size_t j = 0; j < form.coordinates(); ++j) {
      const Interval interval = profile_interval(fit, data, uncertainty, j);
      INFO(name(law) << ", parameter " << j << ": " << interval.lo << " to " << interval.hi);
      for (const double end : {interval.lo, interval.hi}) {
        REQUIRE(std::isfinite(end));
        const double held = is_exponent(form, j) ? end : std::log(end);
        CHECK(2 * (least_with(fit, data, j, held) - fit.objective) == Approx(rise).epsilon(1e-4));
      }
    }
  }
}

TEST_CASE("A profile holds the estimate, and with few data reaches farther where the law is looser") {
  Random random(4);
  int longer = 0;
  constexpr int kSets = 20;
  for (int i = 0; i < kSets; ++i) {
    const FitData data = planted_data(kFloored, over_range(10, 1, 1000), 0.005, random);
    const LawFit fit = fitted(kFloored, data, {}, "g");
    if (fit.floor_at_zero) continue;
    const Uncertainty uncertainty = uncertainty_of(fit, data);
    const std::vector<double> estimate = parameters(fit.law);
    for (std::size_t j = 0; j < 3; ++j) {
      const Interval interval = profile_interval(fit, data, uncertainty, j);
      CHECK(interval.lo < estimate[j]);
      CHECK(interval.hi > estimate[j]);
    }
    // Towards a lower floor the loss changes ever less.
    const Interval floor = profile_interval(fit, data, uncertainty, 0);
    longer += estimate[0] - floor.lo > 1.1 * (floor.hi - estimate[0]) ? 1 : 0;
  }
  CHECK(longer >= kSets * 3 / 4);
}

TEST_CASE("A floor's interval begins at exactly 0 where a law without a floor is inside, and only there") {
  Random random(5);
  int zero = 0, above = 0;
  for (int i = 0; i < 60; ++i) {
    const FlooredPowerLaw law{uniform(random, 0.1, 1.5), 1, 0.15};
    const FitData data = planted_data(law, over_range(12, 0.1, 100), log_uniform(random, 0.004, 0.04), random);
    const LawFit fit = fitted(law, data, {}, "g");
    const LawFit line = fitted(PowerLaw{}, data, {}, "g");
    const Uncertainty uncertainty = uncertainty_of(fit, data);
    const double lo = profile_interval(fit, data, uncertainty, 0).lo;
    if (fit.floor_at_zero) {
      CHECK(lo == 0);
      continue;
    }
    const double t = t_quantile_95(uncertainty.degrees_of_freedom);
    const double most = fit.objective + t * t * fit.objective / uncertainty.degrees_of_freedom;
    if (std::abs(line.objective / most - 1) < 1e-5) continue;  // on the border itself
    const bool inside = line.objective <= most;
    CHECK((lo == 0) == inside);
    (inside ? zero : above) += 1;
  }
  CHECK(zero >= 5);
  CHECK(above >= 5);
}

TEST_CASE("A floor whose best value is zero has an interval from 0 to where the objective has risen too far") {
  FitData data;
  Random random(6);
  for (const auto& x : over_range(15, 1, 1e4)) {
    add_point(data, x, 1 - 0.1 * std::log(x[0]) - 0.001 * std::pow(std::log(x[0]), 2) + 0.003 * normal(random));
  }
  const Estimate estimate = estimated(FlooredPowerLaw{}, data, {}, "g");
  REQUIRE(estimate.fit.floor_at_zero);
  CHECK(estimate.floor_status == FloorStatus::at_zero);
  CHECK(estimate.intervals[0].lo == 0);
  CHECK(estimate.intervals[0].hi > 0);
  CHECK(estimate.intervals[0].hi < std::exp(data.log_y.back()));
}

TEST_CASE("The floor's status says what its interval says") {
  Random random(7);
  const Estimate sure = estimated(kFloored, planted_data(kFloored, over_range(30, 0.1, 1e4), 0.002, random), {}, "g");
  CHECK(sure.floor_status == FloorStatus::identified);
  CHECK(sure.intervals[0].lo > 0);
  const Estimate unsure = estimated(kFloored, planted_data(kFloored, over_range(5, 1, 10), 0.01, random), {}, "g");
  CHECK(unsure.floor_status != FloorStatus::identified);
  CHECK(estimated(PowerLaw{}, planted_data(kFloored, over_range(5, 1, 10), 0.01, random), {}, "g").floor_status ==
        FloorStatus::none);
}

TEST_CASE("95% profile intervals hold a planted floor and exponent 95 times in 100") {
  const std::vector<double> shares = coverage(kFloored, over_range(20, 0.1, 1000), 0.005, {0, 2}, 600);
  for (const double share : shares) {
    CHECK(share > 0.92);
    CHECK(share < 0.98);
  }
}

TEST_CASE("95% profile intervals hold planted Chinchilla exponents 95 times in 100") {
  const std::vector<double> shares = coverage(kChinchilla, over_grid(5, 6), 0.005, {0, 2, 4}, 400);
  for (const double share : shares) {
    CHECK(share > 0.92);
    CHECK(share < 0.98);
  }
}

}  // namespace mobasim::tests::profile_test
