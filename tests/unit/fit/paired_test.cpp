#include <cmath>
#include <random>

#include "fit/fitted.h"
#include "sim/base/error.h"
#include "tests/catch.h"

using namespace mobasim;

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
      a.points.push_back({x, b.points.back().loss * ratio_at(law, x) * difference});
    }
    arms.a.runs.push_back(a);
    arms.b.runs.insert(arms.b.runs.begin(), b);  // the order of runs must not matter
  }
  return arms;
}

const PointRule kTail{PointRule::Kind::tail, 0.05};

std::string complaint(const RunGroup& a, const RunGroup& b) {
  try {
    (void)fitted_paired_law(a, b, kTail, "panel=p");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("The planted ratio comes back, whatever is peculiar to each size") {
  const PairedLaw truth{1.0534, 0.0099};
  const Arms arms = planted(truth, 0.2, 0);
  const auto fit = fitted_paired_law(arms.a, arms.b, kTail, "planted");
  CHECK(fit.law.r == Approx(truth.r).epsilon(1e-10));
  CHECK(fit.law.s == Approx(truth.s).epsilon(1e-8));
  CHECK(fit.points == 5);
  CHECK(fit.clusters == 5);
  CHECK(fit.degrees_of_freedom == 3);
}

TEST_CASE("Pairing is surer of the exponent than two separate fits") {
  const Arms arms = planted({1.05, 0.01}, 0.02, 0.002);
  const auto paired = fitted_paired_law(arms.a, arms.b, kTail, "paired");
  const auto a = fitted_power_law(arms.a, kTail, "a");
  const auto b = fitted_power_law(arms.b, kTail, "b");
  const double apart = std::sqrt(a.covariance[1][1] + b.covariance[1][1]);
  CHECK(std::sqrt(paired.covariance[1][1]) < apart / 3);
  CHECK(paired.law.s == Approx(a.law.b - b.law.b).margin(1e-3));
}

TEST_CASE("Exchanging the arms turns the ratio over") {
  const Arms arms = planted({1.05, 0.01}, 0.02, 0.002);
  const auto there = fitted_paired_law(arms.a, arms.b, kTail, "there");
  const auto back = fitted_paired_law(arms.b, arms.a, kTail, "back");
  CHECK(back.law.r == Approx(1 / there.law.r).epsilon(1e-12));
  CHECK(back.law.s == Approx(-there.law.s).epsilon(1e-9));
  CHECK(back.exponent.hi == Approx(-there.exponent.lo).epsilon(1e-9));
}

TEST_CASE("Where the arms spend different x the pair stands at their geometric mean") {
  Arms arms = planted({1.05, 0.01}, 0, 0);
  for (TrainingRun& run : arms.a.runs) {
    for (Point& point : run.points) point.x *= 4;
  }
  const auto fit = fitted_paired_law(arms.a, arms.b, kTail, "apart");
  CHECK(fit.x_max == Approx(2 * std::cbrt(0.96 * 0.98) * 5.08).epsilon(1e-12));
}

TEST_CASE("A run without its partner is named") {
  Arms arms = planted({1.05, 0.01}, 0, 0);
  CHECK(complaint(arms.a, arms.b).empty());
  arms.b.runs.erase(arms.b.runs.begin());
  CHECK(complaint(arms.a, arms.b).find("'5.080000' only in the first") != std::string::npos);
  CHECK(complaint(arms.b, arms.a).find("'5.080000' only in the second") != std::string::npos);
  arms.a.runs.push_back(arms.a.runs.front());
  CHECK(complaint(arms.a, arms.a).find("two runs '0.360000'") != std::string::npos);
}
