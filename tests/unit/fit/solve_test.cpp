#include "fit/solve.h"

#include <cmath>
#include <random>

#include "fit/fitted.h"
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
