// The classical interval of a regression, and what the interval of clustered points is worth.
#include <cmath>
#include <numeric>
#include <random>

#include "fit/interval/uncertainty.h"
#include "fit/solve/newton.h"
#include "tests/catch.h"

namespace mobasim::tests::interval_test {
namespace {

// The power law through points in logarithms: log y = log a - b log x.
LawFit line_through(const FitData& data) {
  LawFit fit;
  fit.centre = centre_of(data);
  const double height = std::accumulate(data.log_y.begin(), data.log_y.end(), 0.0) / static_cast<double>(data.points());
  const LocalMinimum minimum = newton_minimum(Objective(PowerLaw::kShape, data, {}, fit.centre), {height});
  fit.at = minimum.at;
  fit.objective = minimum.value;
  fit.law = with_parameters(PowerLaw{}, natural_parameters(PowerLaw::kShape, fit.at, fit.centre));
  return fit;
}

double log_scale(const LawFit& line) { return along(natural_parameter(line, 0).slopes, line.at); }
double log_scale_error(const LawFit& line, const Uncertainty& uncertainty) {
  return standard_error(uncertainty, natural_parameter(line, 0).slopes);
}
double exponent(const LawFit& line) { return line.at[1]; }
double exponent_error(const Uncertainty& uncertainty) { return std::sqrt(uncertainty.covariance[1][1]); }
Interval exponent_interval(const LawFit& line, const Uncertainty& uncertainty) {
  return delta_intervals(line, uncertainty)[1];
}

// One synthetic experiment: runs of `points` points each, near the ends of five runs, with the noise of `offset`
// (shared by a run) and `ripple` (autocorrelated within it) about log L = 0.4 - 0.1 log x.
struct Noise {
  double offset = 0, ripple = 0, memory = 0;
};

constexpr double kLogScale = 0.4, kExponent = 0.1;

FitData experiment(const std::vector<double>& ends, const std::vector<int>& counts, double reach, const Noise& noise,
                   std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  FitData points;
  for (std::size_t run = 0; run < ends.size(); ++run) {
    const double offset = noise.offset * normal(random);
    double ripple = normal(random);
    for (int i = 0; i < counts[run]; ++i) {
      const double log_x = std::log(ends[run] * (1 - reach + reach * (i + 1) / counts[run]));
      points.log_x.push_back({log_x, 0});
      points.log_y.push_back(kLogScale - kExponent * log_x + offset + noise.ripple * ripple);
      ripple = noise.memory * ripple + std::sqrt(1 - noise.memory * noise.memory) * normal(random);
    }
    points.cluster_end.push_back(points.log_x.size());
  }
  return points;
}

FitData each_its_own_run(FitData points) {
  points.cluster_end.resize(points.log_x.size());
  std::iota(points.cluster_end.begin(), points.cluster_end.end(), std::size_t{1});
  return points;
}

bool covers(const Interval& interval, double truth) { return interval.lo <= truth && truth <= interval.hi; }

struct Coverage {
  double scale = 0, exponent = 0, naive_exponent = 0;  // shares of experiments whose 95% interval holds the truth
};

Coverage coverage(const std::vector<double>& ends, const std::vector<int>& counts, double reach, const Noise& noise) {
  constexpr int kExperiments = 2000;
  std::mt19937_64 random(20250218);
  Coverage result;
  for (int i = 0; i < kExperiments; ++i) {
    const FitData points = experiment(ends, counts, reach, noise, random);
    const LawFit line = line_through(points);
    const Uncertainty clustered = uncertainty_of(line, points);
    const Uncertainty naive = uncertainty_of(line, each_its_own_run(points));
    result.scale += covers(value_interval(line, clustered, {1}), std::exp(kLogScale)) / double{kExperiments};
    result.exponent += covers(exponent_interval(line, clustered), kExponent) / double{kExperiments};
    result.naive_exponent += covers(exponent_interval(line, naive), kExponent) / double{kExperiments};
  }
  return result;
}

const std::vector<double> kEnds = {0.3641, 0.7089, 1.3541, 2.4714, 5.0781};  // the five runs at 32K

}  // namespace

TEST_CASE("Where each point is its own run the interval is the classical one of a regression") {
  // Anscombe's first data set (1973): slope 0.5001, standard error 0.1179, intercept 3.0001, standard error 1.1247,
  // n 11.
  FitData points;
  for (const double x : {10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5}) points.log_x.push_back({x, 0});
  points.log_y = {8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68};
  points = each_its_own_run(points);
  const LawFit line = line_through(points);
  const Uncertainty uncertainty = uncertainty_of(line, points);
  CHECK(-exponent(line) == Approx(0.50009).margin(1e-5));
  CHECK(log_scale(line) == Approx(3.00009).margin(1e-5));
  CHECK(exponent_error(uncertainty) == Approx(0.11791).margin(1e-5));
  CHECK(log_scale_error(line, uncertainty) == Approx(1.12475).margin(1e-5));
  CHECK(uncertainty.degrees_of_freedom == 9);
  CHECK(2 * line.objective == Approx(13.76269).margin(1e-5));
  const Interval exponent = exponent_interval(line, uncertainty);
  CHECK(exponent.hi - exponent.lo == Approx(2 * 2.262157 * 0.117906).epsilon(1e-5));
}

TEST_CASE("The line has the digits of a certified regression") {
  // NIST Statistical Reference Datasets, Norris: 36 points, certified to 15 digits.
  FitData points;
  for (const double x : {0.2, 337.4, 118.2, 884.6, 10.1,  226.5, 666.3, 996.3, 448.6, 777.0, 558.2, 0.4,
                         0.6, 775.5, 666.9, 338.0, 447.5, 11.6,  556.0, 228.1, 995.8, 887.6, 120.2, 0.3,
                         0.3, 556.8, 339.1, 887.2, 999.0, 779.0, 11.1,  118.3, 229.2, 669.1, 448.9, 0.5}) {
    points.log_x.push_back({x, 0});
  }
  points.log_y = {0.1, 338.8, 118.1, 888.0, 9.2,   228.1, 668.5, 998.5, 449.1, 778.9, 559.2, 0.3,
                  0.1, 778.1, 668.8, 339.3, 448.9, 10.8,  557.7, 228.3, 998.0, 888.8, 119.6, 0.3,
                  0.6, 557.6, 339.3, 888.0, 998.5, 778.9, 10.2,  117.6, 228.9, 668.4, 449.2, 0.2};
  points = each_its_own_run(points);
  const LawFit line = line_through(points);
  const auto relative = [](double value, double truth) { return std::abs(value / truth - 1); };
  CHECK(relative(log_scale(line), -0.262323073774029) < 1e-11);
  CHECK(relative(-exponent(line), 1.00211681802045) < 1e-13);
  CHECK(relative(2 * line.objective, 26.6173985294224) < 1e-12);
  const Uncertainty uncertainty = uncertainty_of(line, points);
  CHECK(relative(log_scale_error(line, uncertainty), 0.232818234301152) < 1e-12);
  CHECK(relative(exponent_error(uncertainty), 0.429796848199937e-3) < 1e-12);
}

TEST_CASE("More points of the same runs do not make a fit surer") {
  std::mt19937_64 random(3);
  FitData once = experiment(kEnds, {1, 1, 1, 1, 1}, 0.05, {.offset = 0.01}, random);
  FitData often;
  for (std::size_t i = 0; i < once.log_x.size(); ++i) {
    often.log_x.insert(often.log_x.end(), 50, once.log_x[i]);
    often.log_y.insert(often.log_y.end(), 50, once.log_y[i]);
    often.cluster_end.push_back(often.log_x.size());
  }
  const LawFit line = line_through(once), same = line_through(often);
  const Uncertainty a = uncertainty_of(line, once), b = uncertainty_of(same, often);
  CHECK(exponent_error(b) == Approx(exponent_error(a)).epsilon(1e-9));
  CHECK(log_scale_error(same, b) == Approx(log_scale_error(line, a)).epsilon(1e-9));
  CHECK(b.degrees_of_freedom == 3);
}

TEST_CASE("Two runs determine no interval, however many points they have") {
  std::mt19937_64 random(4);
  const FitData points = experiment({1, 2}, {40, 40}, 0.05, {.offset = 0.01}, random);
  const LawFit line = line_through(points);
  const Uncertainty uncertainty = uncertainty_of(line, points);
  CHECK(uncertainty.degrees_of_freedom == 0);
  CHECK(value_interval(line, uncertainty, {2}).lo == 0);
  CHECK(std::isinf(value_interval(line, uncertainty, {2}).hi));
  CHECK(std::isinf(exponent_interval(line, uncertainty).lo));
}

TEST_CASE("95% intervals hold the truth about 95 times in 100 where runs share an offset, and pooling does not") {
  const std::vector<int> counts = {12, 12, 12, 12, 12};
  const Coverage shared = coverage(kEnds, counts, 0.05, {.offset = 0.01, .ripple = 0.003});
  CHECK(shared.exponent == Approx(0.95).margin(0.02));
  CHECK(shared.scale == Approx(0.95).margin(0.02));
  CHECK(shared.naive_exponent < 0.6);
  const Coverage drifting = coverage(kEnds, counts, 0.05, {.ripple = 0.01, .memory = 0.9});
  CHECK(drifting.exponent == Approx(0.95).margin(0.02));
  CHECK(drifting.scale == Approx(0.95).margin(0.02));
  CHECK(drifting.naive_exponent < 0.6);
}

TEST_CASE("Unequal numbers of points make the interval cautious, never bold") {
  const Coverage unequal = coverage(kEnds, {60, 20, 5, 30, 3}, 0.05, {.offset = 0.01, .ripple = 0.003});
  CHECK(unequal.exponent > 0.94);
  CHECK(unequal.scale > 0.94);
}

TEST_CASE("Whole curves, whose slope is seen within the runs, are still covered") {
  const Coverage wide = coverage(kEnds, {60, 60, 60, 60, 60}, 0.9, {.ripple = 0.01, .memory = 0.95});
  CHECK(wide.exponent > 0.94);
  CHECK(wide.naive_exponent < 0.6);
  const Coverage one_range = coverage({1, 1, 1, 1, 1}, {60, 60, 60, 60, 60}, 0.9, {.ripple = 0.01, .memory = 0.95});
  CHECK(one_range.exponent > 0.92);
}

}  // namespace mobasim::tests::interval_test
