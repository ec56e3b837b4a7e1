#include "fit/solve.h"

#include <cmath>
#include <random>

#include "fit/fitted.h"
#include "fit/interval.h"
#include "sim/base/error.h"
#include "tests/catch.h"

using namespace mobasim;

namespace {

// Points on L = a x^-b, each its own run.
RunGroup planted(double a, double b, const std::vector<double>& xs) {
  RunGroup group;
  for (const double x : xs) group.runs.push_back({{}, {{x, a * std::pow(x, -b)}}});
  return group;
}

double relative(double value, double truth) { return std::abs(value / truth - 1); }

}  // namespace

TEST_CASE("Planted parameters come back from data without noise") {
  const std::vector<std::vector<double>> ranges = {
      {0.364, 0.709, 1.354, 2.471, 5.078}, {1e18, 3e19, 5e21}, {1e-6, 1, 1e6, 1e9}, {1, 1.01, 1.02}};
  for (const auto& xs : ranges) {
    for (const double b : {0.05, 0.108, 0.5, -0.2}) {
      for (const double a : {1.546, 400.0, 1e-3}) {
        const auto fit = fitted_power_law(planted(a, b, xs), {}, "planted");
        CHECK(relative(fit.law.a, a) < 1e-10);
        CHECK(relative(fit.law.b, b) < 1e-10);
        CHECK(fit.objective < 1e-24);
        CHECK(fit.points == static_cast<std::int64_t>(xs.size()));
        CHECK(fit.clusters == fit.points);
      }
    }
  }
}

TEST_CASE("The fit is the minimum: any other line has a larger objective") {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> noise(-0.1, 0.1);
  LogPoints points;
  for (int i = 0; i < 20; ++i) {
    points.log_x.push_back(i * 0.3 - 1);
    points.log_y.push_back(1 - 0.1 * points.log_x.back() + noise(random));
    points.run_end.push_back(points.log_x.size());
  }
  const LogLine best = solved_line(points);
  const auto objective = [&](const LogLine& line) {
    double sum = 0;
    for (std::size_t i = 0; i < points.log_x.size(); ++i) {
      sum += std::pow(line.residual(points.log_x[i], points.log_y[i]), 2) / 2;
    }
    return sum;
  };
  CHECK(objective(best) == Approx(best.objective).epsilon(1e-14));
  for (const double step : {1e-2, 1e-4, 1e-6}) {
    for (const auto& [up, turn] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {-1, 1}}) {
      LogLine other = best;
      other.height += up * step;
      other.exponent += turn * step;
      CHECK(objective(other) > best.objective);
    }
  }
}

TEST_CASE("The line has the digits of a certified regression") {
  // NIST Statistical Reference Datasets, Norris: 36 points, certified to 15 digits.
  LogPoints points;
  points.log_x = {0.2, 337.4, 118.2, 884.6, 10.1,  226.5, 666.3, 996.3, 448.6, 777.0, 558.2, 0.4,
                  0.6, 775.5, 666.9, 338.0, 447.5, 11.6,  556.0, 228.1, 995.8, 887.6, 120.2, 0.3,
                  0.3, 556.8, 339.1, 887.2, 999.0, 779.0, 11.1,  118.3, 229.2, 669.1, 448.9, 0.5};
  points.log_y = {0.1, 338.8, 118.1, 888.0, 9.2,   228.1, 668.5, 998.5, 449.1, 778.9, 559.2, 0.3,
                  0.1, 778.1, 668.8, 339.3, 448.9, 10.8,  557.7, 228.3, 998.0, 888.8, 119.6, 0.3,
                  0.6, 557.6, 339.3, 888.0, 998.5, 778.9, 10.2,  117.6, 228.9, 668.4, 449.2, 0.2};
  for (std::size_t i = 1; i <= points.log_x.size(); ++i) points.run_end.push_back(i);
  const LogLine line = solved_line(points);
  CHECK(relative(line.log_scale(), -0.262323073774029) < 1e-11);
  CHECK(relative(-line.exponent, 1.00211681802045) < 1e-13);
  CHECK(relative(2 * line.objective, 26.6173985294224) < 1e-12);
  const LineUncertainty uncertainty = uncertainty_of(line, points);
  CHECK(relative(std::sqrt(uncertainty.covariance[0][0]), 0.232818234301152) < 1e-12);
  CHECK(relative(std::sqrt(uncertainty.covariance[1][1]), 0.429796848199937e-3) < 1e-12);
}

TEST_CASE("A change of unit changes the scale alone") {
  RunGroup group = planted(1.5, 0.1, {0.4, 0.7, 1.3, 2.5, 5.1});
  for (std::size_t i = 0; i < group.runs.size(); ++i) group.runs[i].points[0].loss *= i % 2 == 0 ? 1.01 : 0.99;
  const auto fit = fitted_power_law(group, {}, "one unit");
  constexpr double kUnit = 8.64e19;
  for (TrainingRun& run : group.runs) run.points[0].x *= kUnit;
  const auto other = fitted_power_law(group, {}, "another unit");
  CHECK(relative(other.law.b, fit.law.b) < 1e-12);
  CHECK(relative(other.objective, fit.objective) < 1e-10);
  CHECK(relative(loss_at(other.law, 3 * kUnit), loss_at(fit.law, 3)) < 1e-12);
  CHECK(relative(other.exponent.hi, fit.exponent.hi) < 1e-9);
  CHECK(relative(interval_at(other, 3 * kUnit).hi, interval_at(fit, 3).hi) < 1e-9);
}

TEST_CASE("Data that cannot determine a law are refused by name") {
  const auto complaint = [](const RunGroup& group) -> std::string {
    try {
      (void)fitted_power_law(group, {}, "panel=p");
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(complaint({}).find("panel=p: 0 points") != std::string::npos);
  CHECK(complaint(planted(1, 0.1, {1})).find("panel=p: 1 point ") != std::string::npos);
  CHECK(complaint(planted(1, 0.1, {1, 2})).find("at least 3") != std::string::npos);
  CHECK(complaint(planted(1, 0.1, {2, 2, 2, 2})).find("same x (2)") != std::string::npos);
  RunGroup beyond;  // at x = 1 this law is e^4605
  for (const double x : {1.0, 1.1, 1.2}) beyond.runs.push_back({{}, {{x * 1e100, std::pow(x, -20)}}});
  CHECK(complaint(beyond).find("panel=p: the law's value at x = 1") != std::string::npos);
  CHECK(complaint(planted(1, 0.1, {1, 2, 3})).empty());
}
