// Student's t, the classical interval of a regression, and what the interval of clustered points is worth.
#include "fit/interval.h"

#include <cmath>
#include <numeric>
#include <random>

#include "fit/solve.h"
#include "tests/catch.h"

using namespace mobasim;

namespace {

// One synthetic experiment: runs of `points` points each, near the ends of five runs, with the noise of `offset`
// (shared by a run) and `ripple` (autocorrelated within it) about log L = 0.4 - 0.1 log x.
struct Noise {
  double offset = 0, ripple = 0, memory = 0;
};

constexpr double kLogScale = 0.4, kExponent = 0.1;

LogPoints experiment(const std::vector<double>& ends, const std::vector<int>& counts, double reach, const Noise& noise,
                     std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  LogPoints points;
  for (std::size_t run = 0; run < ends.size(); ++run) {
    const double offset = noise.offset * normal(random);
    double ripple = normal(random);
    for (int i = 0; i < counts[run]; ++i) {
      const double log_x = std::log(ends[run] * (1 - reach + reach * (i + 1) / counts[run]));
      points.log_x.push_back(log_x);
      points.log_y.push_back(kLogScale - kExponent * log_x + offset + noise.ripple * ripple);
      ripple = noise.memory * ripple + std::sqrt(1 - noise.memory * noise.memory) * normal(random);
    }
    points.run_end.push_back(points.log_x.size());
  }
  return points;
}

LogPoints each_its_own_run(LogPoints points) {
  points.run_end.resize(points.log_x.size());
  std::iota(points.run_end.begin(), points.run_end.end(), std::size_t{1});
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
    const LogPoints points = experiment(ends, counts, reach, noise, random);
    const LogLine line = solved_line(points);
    const LineUncertainty clustered = uncertainty_of(line, points);
    const LineUncertainty naive = uncertainty_of(line, each_its_own_run(points));
    result.scale += covers(value_interval(line, clustered, 0), std::exp(kLogScale)) / double{kExperiments};
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
  LogPoints points;
  points.log_x = {10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5};
  points.log_y = {8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68};
  points = each_its_own_run(points);
  const LogLine line = solved_line(points);
  const LineUncertainty uncertainty = uncertainty_of(line, points);
  CHECK(-line.exponent == Approx(0.50009).margin(1e-5));
  CHECK(line.log_scale() == Approx(3.00009).margin(1e-5));
  CHECK(std::sqrt(uncertainty.covariance[1][1]) == Approx(0.11791).margin(1e-5));
  CHECK(std::sqrt(uncertainty.covariance[0][0]) == Approx(1.12475).margin(1e-5));
  CHECK(uncertainty.degrees_of_freedom == 9);
  CHECK(2 * line.objective == Approx(13.76269).margin(1e-5));
  const Interval exponent = exponent_interval(line, uncertainty);
  CHECK(exponent.hi - exponent.lo == Approx(2 * 2.262157 * 0.117906).epsilon(1e-5));
}

TEST_CASE("More points of the same runs do not make a fit surer") {
  std::mt19937_64 random(3);
  LogPoints once = experiment(kEnds, {1, 1, 1, 1, 1}, 0.05, {.offset = 0.01}, random);
  LogPoints often;
  for (std::size_t i = 0; i < once.log_x.size(); ++i) {
    often.log_x.insert(often.log_x.end(), 50, once.log_x[i]);
    often.log_y.insert(often.log_y.end(), 50, once.log_y[i]);
    often.run_end.push_back(often.log_x.size());
  }
  const LineUncertainty a = uncertainty_of(solved_line(once), once);
  const LineUncertainty b = uncertainty_of(solved_line(often), often);
  CHECK(b.covariance[1][1] == Approx(a.covariance[1][1]).epsilon(1e-9));
  CHECK(b.covariance[0][0] == Approx(a.covariance[0][0]).epsilon(1e-9));
  CHECK(b.degrees_of_freedom == 3);
}

TEST_CASE("Two runs determine no interval, however many points they have") {
  std::mt19937_64 random(4);
  const LogPoints points = experiment({1, 2}, {40, 40}, 0.05, {.offset = 0.01}, random);
  const LogLine line = solved_line(points);
  const LineUncertainty uncertainty = uncertainty_of(line, points);
  CHECK(uncertainty.degrees_of_freedom == 0);
  CHECK(value_interval(line, uncertainty, 1).lo == 0);
  CHECK(std::isinf(value_interval(line, uncertainty, 1).hi));
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
