// What data cannot determine is refused or named, in words that say what to do or what not to believe.
#include "fit/solve/degenerate.h"

#include "fit/interval/estimate.h"
#include "tests/catch.h"
#include "tests/unit/fit/planted.h"

namespace mobasim::tests::degenerate_test {
namespace {

FitData exact(const LossLaw& law, const Xs& xs) {
  Random unused(0);
  return planted_data(law, xs, 0, unused);
}

std::string complaint(const LossLaw& kind, const FitData& data) {
  return refusal([&] { (void)fitted(kind, data, {}, "panel=p"); });
}

// Laws of one input at these x.
std::string complaint(const std::vector<double>& xs, const LossLaw& kind = PowerLaw{}) {
  FitData data;
  for (const double x : xs) add_point(data, {x}, -0.1 * std::log(x));
  return complaint(kind, data);
}

std::vector<std::string> words(const LossLaw& kind, const FitData& data) {
  return fitted(kind, data, {}, "g").degenerate;
}

}  // namespace

TEST_CASE("Too few points are refused, with how many there are and how many it takes") {
  CHECK(says(complaint(std::vector<double>{}), "panel=p: 0 points"));
  CHECK(says(complaint({1}), "panel=p: 1 point "));
  CHECK(says(complaint({1, 2}), "2 points cannot determine the law p2, which needs at least 3"));
  CHECK(says(complaint({1, 2, 3}, FlooredPowerLaw{}), "p3, which needs at least 4"));
  CHECK(says(complaint(kChinchilla, exact(kChinchilla, {{1e8, 1e9}, {1e8, 1e10}, {1e9, 1e10}})), "at least 6"));
  CHECK(complaint({1, 2, 3}).empty());
  CHECK(complaint({1, 2, 3, 4}, FlooredPowerLaw{}).empty());
}

TEST_CASE("The same x everywhere is refused, and two places of x where a floor needs three") {
  CHECK(says(complaint({2, 2, 2, 2}), "same x (2)"));
  CHECK(complaint({2, 2, 3, 3}).empty());
  CHECK(says(complaint({2, 2, 3, 3, 2}, FlooredPowerLaw{}), "only 2 different values of x"));
}

TEST_CASE("One or two sizes do not determine a law of sizes, and another law is named that could be fitted") {
  const std::string one = complaint(
      kChinchilla, exact(kChinchilla, {{1e9, 1e9}, {1e9, 2e9}, {1e9, 5e9}, {1e9, 1e10}, {1e9, 2e10}, {1e9, 5e10}}));
  CHECK(says(one, "all 6 points have the same parameters (1e+09)"));
  CHECK(says(one, "with tokens alone p3 can be fitted"));
  Xs two;
  for (const double n : {1e8, 1e9}) {
    for (const double d : {1e9, 1e10, 1e11}) two.push_back({n, d});
  }
  CHECK(says(complaint(kChinchilla, exact(kChinchilla, two)), "only 2 different values of parameters"));
  for (auto& x : two) std::swap(x[0], x[1]);
  CHECK(says(complaint(kChinchilla, exact(kChinchilla, two)), "with parameters alone p3 can be fitted"));
}

TEST_CASE("Tokens in proportion to parameters, or a power of them, cannot be told apart") {
  for (const double power : {1.0, 0.5, 1.7}) {
    Xs xs;
    for (const auto& n : over_range(9, 1e8, 1e11)) xs.push_back({n[0], 20 * std::pow(n[0], power)});
    CHECK(says(complaint(kChinchilla, exact(kChinchilla, xs)), "tokens are the same power of parameters in every row"));
  }
}

TEST_CASE("Inputs that nearly move together are fitted, and the fit says that its terms are hardly told apart") {
  Random random(2);
  Xs xs;
  for (const auto& n : over_range(20, 1e8, 1e11)) xs.push_back({n[0], 20 * n[0] * log_uniform(random, 0.8, 1.25)});
  CHECK(says(words(kChinchilla, noisy(kChinchilla, xs)), "parameters and tokens move together"));
  CHECK_FALSE(says(words(kChinchilla, noisy(kChinchilla, over_grid(6, 8))), "move together"));
}

TEST_CASE("A rising loss is fitted, and the fit says that the law says nothing about larger runs") {
  CHECK(says(words(PowerLaw{}, exact(PowerLaw{1.5, -0.1}, over_range(8, 1, 100))), "the loss rises with compute"));
  CHECK_FALSE(says(words(PowerLaw{}, exact(PowerLaw{1.5, 0.1}, over_range(8, 1, 100))), "rises"));
  const ChinchillaLaw rising{1.8, 1e-3, -0.3, 2100, 0.37};
  CHECK(says(words(rising, noisy(rising, over_grid(6, 8), 0.001)), "the loss rises with parameters"));
  // Of a ratio that is no news: a gap may well open.
  CHECK(words(PairedLaw{}, exact(PairedLaw{1.05, -0.01}, over_range(8, 1, 100))).empty());
}

TEST_CASE("A law without a floor comes out with a floor of exactly zero or one that is not identified") {
  Random random(3);
  int at_zero = 0;
  for (int i = 0; i < 20; ++i) {
    const FitData data = planted_data(PowerLaw{2, 0.1}, over_range(12, 0.1, 10), 0.01, random);
    const Estimate estimate = estimated(FlooredPowerLaw{}, data, {}, "g");
    CHECK(estimate.floor_status != FloorStatus::none);
    CHECK(estimate.fit.floor_at_zero == (parameters(estimate.fit.law)[0] == 0));
    CHECK(estimate.fit.floor_at_zero == says(estimate.fit.degenerate, "the floor came out at zero"));
    if (!estimate.fit.floor_at_zero) continue;
    ++at_zero;
    CHECK(estimate.floor_status == FloorStatus::at_zero);
    // It is then the power law itself.
    const LawFit line = fitted(PowerLaw{}, data, {}, "g");
    CHECK(relative(estimate.fit.objective, line.objective) < 1e-9);
    CHECK(relative(parameters(estimate.fit.law)[2], parameters(line.law)[1]) < 1e-6);
  }
  CHECK(at_zero >= 4);  // about half of the sets curve the other way
  CHECK(at_zero <= 16);
}

TEST_CASE("Data that curve downwards have a floor of zero, whatever the start") {
  FitData data;
  for (const auto& x : over_range(15, 1, 1e4)) add_point(data, x, 1 - 0.01 * std::pow(std::log(x[0]), 2));
  const LawFit fit = fitted(FlooredPowerLaw{}, data, {}, "g");
  CHECK(fit.floor_at_zero);
  CHECK(says(fit.degenerate, "the floor came out at zero"));
}

TEST_CASE("A loss that does not depend on tokens is said not to") {
  Random random(4);
  FitData data;
  for (const auto& x : over_grid(6, 8)) add_point(data, x, std::log(1.8 + 480 * std::pow(x[0], -0.35)));
  const std::vector<std::string> found = words(kChinchilla, data);
  INFO((found.empty() ? "no words" : found.front()));
  CHECK((says(found, "tokens") || says(found, "the data do not determine all parameters")));
}

TEST_CASE("A term that next to nothing is left of is taken out for good") {
  const FitData data = noisy(kChinchilla, over_grid(6, 8));
  const Inputs centre = centre_of(data);
  const Objective objective(ChinchillaLaw::kShape, data, {}, centre);
  Coordinates at = coordinates_of(ChinchillaLaw::kShape, parameters(kChinchilla), centre);
  at[3] = -40;  // tokens: e^-40 of the loss
  const LocalMinimum result = without_what_vanished(objective, {at, objective.value(at), true});
  CHECK(std::isinf(result.at[3]));
  CHECK(result.at[4] == 0);
  CHECK(says(degeneracies(kChinchilla, objective, result.at), "the term of tokens vanished"));
  CHECK(natural_parameters(ChinchillaLaw::kShape, result.at, centre)[3] == 0);
}

TEST_CASE("A term that is felt at its smallest value only has no exponent, and the fit says so") {
  FitData data;
  Random random(5);
  for (const auto& x : over_range(10, 1, 1000)) {
    add_point(data, x, std::log(x[0] == 1 ? 3 : 2) + 0.001 * normal(random));
  }
  const std::vector<std::string> found = words(FlooredPowerLaw{}, data);
  CHECK(says(found, "the term of compute is felt at its smallest value only"));
  CHECK_FALSE(says(words(FlooredPowerLaw{}, noisy(kFloored, over_range(10, 1, 1000))), "smallest value"));
}

TEST_CASE("A law whose value at x = 1 no double holds is fitted all the same, with the advice to change the unit") {
  FitData data;  // at x = 1 this law is e^4605
  for (const double x : {1.0, 1.1, 1.2, 1.3}) add_point(data, {x * 1e100}, -20 * std::log(x));
  const std::vector<std::string> found = words(PowerLaw{}, data);
  CHECK(says(found, "with an exponent of 20 the law's value at x = 1"));
  CHECK(says(found, "give x in a unit nearer to the data"));
  const LawFit fit = fitted(PowerLaw{}, data, {}, "p");
  CHECK(predicted(fit, {1.2e100}) == Approx(std::pow(1.2, -20)).epsilon(1e-9));
  CHECK_THROWS_AS(require_numbers(fit, "p"), ConfigError);
}

TEST_CASE("Good data draw no words at all") {
  CHECK(words(PowerLaw{}, noisy(PowerLaw{2, 0.1}, over_range(12, 0.1, 10))).empty());
  CHECK(words(kFloored, noisy(kFloored, over_range(24, 0.1, 1000))).empty());
  CHECK(words(kChinchilla, noisy(kChinchilla, over_grid(6, 8))).empty());
}

TEST_CASE("A resample is determined exactly where its points would not be refused") {
  const FitData data = noisy(kChinchilla, over_grid(4, 4));
  const LawShape form = ChinchillaLaw::kShape;
  const Inputs centre = centre_of(data);
  std::vector<double> times(data.clusters(), 1);
  CHECK(determined(form, Objective(form, data, {}, centre, times)));
  for (std::size_t i = 0; i < 8; ++i) times[i] = 0;  // two sizes are left
  CHECK_FALSE(determined(form, Objective(form, data, {}, centre, times)));
  std::vector<double> three(data.clusters(), 0);
  for (const std::size_t i : {0U, 5U, 10U}) three[i] = 5;  // three places, however often
  CHECK_FALSE(determined(form, Objective(form, data, {}, centre, three)));
}

}  // namespace mobasim::tests::degenerate_test
