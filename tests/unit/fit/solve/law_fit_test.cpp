// A fit is the minimum, and what it is does not depend on units, order or number of points.
#include "fit/solve/law_fit.h"

#include <algorithm>
#include <numeric>

#include "fit/solve/newton.h"
#include "tests/catch.h"
#include "tests/unit/fit/planted.h"

namespace mobasim::tests::law_fit_test {
namespace {

void check_planted(const LossLaw& law, const Xs& xs) {
  Random unused(0);
  const LawFit fit = fitted(law, planted_data(law, xs, 0, unused), {}, "planted");
  const std::vector<double> truth = parameters(law), found = parameters(fit.law);
  const LawShape form = shape(law);
  INFO(name(law) << ", objective " << fit.objective);
  for (std::size_t i = 0; i < form.inputs; ++i) {
    CHECK(found[form.exponent(i)] == Approx(truth[form.exponent(i)]).margin(1e-6));
  }
  if (form.floor) CHECK(found[0] == Approx(truth[0]).margin(1e-6));
  for (const std::vector<double>& x : xs) CHECK(relative(predicted(fit, x), value_at(law, x)) < 1e-9);
  CHECK(fit.points == static_cast<std::int64_t>(xs.size()));
  CHECK(fit.degenerate.empty());
}

// Three laws with noise, as most tests below take them.
std::vector<LossLaw> with_floor_and_without() { return {PowerLaw{}, FlooredPowerLaw{}, ChinchillaLaw{}}; }

FitData noisy(const LossLaw& kind, Random& random) {
  return planted_data(random_law(kind, random), places_for(kind), 0.01, random);
}

// Points in another order, each a cluster of its own.
FitData shuffled(const FitData& data, Random& random) {
  std::vector<std::size_t> order(data.clusters());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return subset(data, order);
}

}  // namespace

TEST_CASE("Exact data give back the parameters they were made from, for every law") {
  Random random(1);
  for (const LossLaw& kind : all_laws()) {
    for (int i = 0; i < 20; ++i) check_planted(random_law(kind, random), places_for(kind));
  }
}

TEST_CASE("They do in FLOP and in PFLOP/s-days, with exponents of any usual size") {
  Random random(2);
  for (const double unit : {1.0, 8.64e19}) {  // FLOP in one of the unit
    for (int i = 0; i < 20; ++i) {
      const double b = uniform(random, 0.03, 0.5);
      const double a = uniform(random, 0.3, 2) * std::pow(3e20 / unit, b);  // 0.3 to 2 nats in the middle
      const Xs xs = over_range(15, 1e17 / unit, 1e24 / unit);
      check_planted(PowerLaw{a, b}, xs);
      check_planted(FlooredPowerLaw{uniform(random, 0.5, 2), a, b}, xs);
      check_planted(PairedLaw{a, b}, xs);
    }
  }
}

TEST_CASE("They do for sizes from 1e7 to 1e10 and tokens from 1e8 to 1e12, wherever the terms cross") {
  Random random(3);
  for (int i = 0; i < 20; ++i) {
    Xs xs;
    for (int k = 0; k < 60; ++k) xs.push_back({log_uniform(random, 1e7, 1e10), log_uniform(random, 1e8, 1e12)});
    ChinchillaLaw law;
    law.floor = uniform(random, 1, 2.5);
    law.b_parameters = uniform(random, 0.2, 0.6);
    law.b_tokens = uniform(random, 0.2, 0.6);
    law.a_parameters = uniform(random, 0.1, 2) * std::pow(3e8, law.b_parameters);
    law.a_tokens = uniform(random, 0.1, 2) * std::pow(1e10, law.b_tokens);
    check_planted(law, xs);
  }
}

TEST_CASE("A line through exact points comes back at any width and any unit of x") {
  const std::vector<std::vector<double>> ranges = {
      {0.364, 0.709, 1.354, 2.471, 5.078}, {1e18, 3e19, 5e21}, {1e-6, 1, 1e6, 1e9}, {1, 1.01, 1.02}};
  for (const auto& range : ranges) {
    Xs xs;
    for (const double x : range) xs.push_back({x});
    for (const double b : {0.05, 0.108, 0.5, -0.2}) {
      for (const double a : {1.546, 400.0, 1e-3}) {
        Random unused(0);
        const LawFit fit = fitted(PowerLaw{}, planted_data(PowerLaw{a, b}, xs, 0, unused), {}, "planted");
        CHECK(relative(parameters(fit.law)[0], a) < 1e-10);
        CHECK(relative(parameters(fit.law)[1], b) < 1e-10);
        CHECK(fit.objective < 1e-24);
        CHECK(fit.clusters == fit.points);
      }
    }
  }
}

TEST_CASE("A change of an input's unit changes the coefficients alone") {
  Random random(4);
  for (const LossLaw& kind : with_floor_and_without()) {
    const LawShape form = shape(kind);
    const FitData data = noisy(kind, random);
    const LawFit fit = fitted(kind, data, {}, "one unit");
    for (std::size_t i = 0; i < form.inputs; ++i) {
      FitData scaled = data;
      for (Inputs& log_x : scaled.log_x) log_x[i] -= std::log(8.64e19);
      const LawFit other = fitted(kind, scaled, {}, "another unit");
      CHECK(relative(other.objective, fit.objective) < 1e-9);
      const std::vector<double> before = parameters(fit.law), after = parameters(other.law);
      for (std::size_t j = 0; j < before.size(); ++j) {
        const double factor = j == form.height(i) ? std::pow(8.64e19, -before[form.exponent(i)]) : 1;
        INFO(name(kind) << ", parameter " << j);
        CHECK(relative(after[j], factor * before[j]) < 1e-6);
      }
    }
  }
}

TEST_CASE("A change of the loss's unit scales the law's values and leaves its exponents") {
  Random random(5);
  for (const LossLaw& kind : with_floor_and_without()) {
    const LawShape form = shape(kind);
    FitData data = noisy(kind, random);
    const LawFit fit = fitted(kind, data, {}, "nats");
    for (double& log_y : data.log_y) log_y -= std::log(std::log(2.0));
    const LawFit bits = fitted(kind, data, {}, "bits");
    CHECK(relative(bits.objective, fit.objective) < 1e-9);
    for (std::size_t i = 0; i < form.inputs; ++i) {
      CHECK(relative(bits.at[form.exponent(i)], fit.at[form.exponent(i)]) < 1e-6);
    }
    for (const std::vector<double>& x : places_for(kind)) {
      CHECK(relative(predicted(bits, x) * std::log(2.0), predicted(fit, x)) < 1e-8);
    }
  }
}

TEST_CASE("The order of the points does not matter") {
  Random random(6);
  for (const LossLaw& kind : with_floor_and_without()) {
    const FitData data = noisy(kind, random);
    const LawFit fit = fitted(kind, data, {}, "in order"), other = fitted(kind, shuffled(data, random), {}, "shuffled");
    CHECK(relative(other.objective, fit.objective) < 1e-12);
    const std::vector<double> before = parameters(fit.law), after = parameters(other.law);
    for (std::size_t j = 0; j < before.size(); ++j) CHECK(relative(after[j], before[j]) < 1e-6);
  }
}

TEST_CASE("So many points that a sample is searched end in the minimum of them all") {
  Random random(7);
  for (const LossLaw& kind : {LossLaw(FlooredPowerLaw{}), LossLaw(ChinchillaLaw{})}) {
    for (const ResidualLoss& loss : {ResidualLoss{}, ResidualLoss{1e-3}}) {
      const LossLaw law = random_law(kind, random);
      Xs xs;
      for (int i = 0; i < 5000; ++i) {
        xs.push_back({log_uniform(random, 1e8, 1e11)});
        if (shape(kind).inputs == 2) xs.back().push_back(log_uniform(random, 1e9, 1e12));
      }
      const FitData data = planted_data(law, xs, 0.02, random);
      const LawFit fit = fitted(kind, data, loss, "many");
      const Objective objective(shape(kind), data, loss, fit.centre);
      const Coordinates truth = coordinates_of(shape(kind), parameters(law), fit.centre);
      CHECK(fit.points == 5000);
      CHECK(fit.objective == Approx(objective.value(fit.at)).epsilon(1e-13));
      CHECK(fit.objective <= newton_minimum(objective, truth).value * (1 + 1e-9));
    }
  }
}

TEST_CASE("A fit says how many searches it made, how many ended in the minimum, and that the solvers agree") {
  Random random(8);
  for (const LossLaw& kind : with_floor_and_without()) {
    const LawFit fit = fitted(kind, noisy(kind, random), {}, "g");
    CHECK(fit.starts >= 8);
    CHECK(fit.hits >= 1);
    CHECK(fit.hits <= fit.starts);
    CHECK(fit.solvers_apart < 1e-9);
  }
}

TEST_CASE("What other points or multiplicities make of a fit is the fit of those") {
  Random random(9);
  for (const LossLaw& kind : with_floor_and_without()) {
    const FitData data = noisy(kind, random);
    const LawFit fit = fitted(kind, data, {}, "g");
    for (int resample = 0; resample < 20; ++resample) {
      std::vector<double> times(data.clusters(), 0);
      std::vector<std::size_t> chosen;
      for (std::size_t i = 0; i < data.clusters(); ++i) {
        chosen.push_back(random() % data.clusters());
        times[chosen.back()] += 1;
      }
      const Objective objective(shape(kind), data, {}, fit.centre, times);
      const auto at = refitted(fit, objective);
      REQUIRE(at);
      const LawFit whole = fitted(kind, subset(data, chosen), {}, "resample");
      INFO(name(kind) << ", resample " << resample);
      CHECK(relative(objective.value(*at), whole.objective) < 1e-8);
    }
  }
}

TEST_CASE("Extrapolation is how far x lies beyond what was fitted, of two inputs the largest of the ratios") {
  Random random(10);
  const LawFit one = fitted(PowerLaw{}, planted_data(PowerLaw{2, 0.1}, over_range(5, 1, 100), 0, random), {}, "g");
  CHECK(extrapolation(one, {300}) == Approx(3));
  CHECK(extrapolation(one, {10}) == Approx(0.1));
  const ChinchillaLaw law{1.8, 480, 0.35, 2100, 0.37};
  Xs xs = over_grid(4, 4);
  xs.erase(xs.end() - 1);  // the largest size never saw the most tokens
  const LawFit two = fitted(law, planted_data(law, xs, 0, random), {}, "g");
  CHECK(extrapolation(two, {3.2e10, 1e9}) == Approx(2));
  CHECK(extrapolation(two, {5e7, 4e12}) == Approx(4));
  CHECK(extrapolation(two, {1.6e10, 1e12}) == Approx(1.6e10 * 1e12 / two.product_range.hi));
  CHECK(extrapolation(two, {1.6e10, 1e12}) > 1.5);
}

}  // namespace mobasim::tests::law_fit_test
