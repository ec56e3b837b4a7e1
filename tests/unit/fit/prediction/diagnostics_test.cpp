// What speaks for and against a fit is found where it was planted, and not where there is nothing.
#include "fit/prediction/diagnostics.h"

#include <algorithm>

#include "tests/catch.h"
#include "tests/unit/fit/planted.h"

namespace mobasim::tests::diagnostics_test {
namespace {

Xs places(const LossLaw& law) { return shape(law).inputs == 2 ? over_grid(5, 6) : over_range(20, 0.1, 1000); }

FitData noisy(const LossLaw& law, double noise = 0.005, std::uint64_t seed = 1) {
  Random random(seed);
  return planted_data(law, places(law), noise, random);
}

const Alternative& named(const std::vector<Alternative>& all, const std::string& name) {
  const auto found = std::ranges::find(all, name, &Alternative::name);
  REQUIRE(found != all.end());
  return *found;
}

}  // namespace

TEST_CASE("A planted outlier is found, with its residual, and nothing else is") {
  for (const LossLaw& law : {LossLaw(kPower), LossLaw(kFloored), LossLaw(kChinchilla)}) {
    Random unused(0);
    FitData data = planted_data(law, places(law), 0, unused);
    for (std::size_t i = 0; i < data.points(); ++i) data.log_y[i] += (i % 2 == 0 ? 0.003 : -0.003);
    data.log_y[11] += 0.1;
    const LawFit fit = fitted(law, data, {1e-3}, "g");
    const std::vector<Outlier> found = outliers(fit, data);
    REQUIRE(found.size() == 1);
    CHECK(found[0].point == 11);
    CHECK(found[0].residual == Approx(0.1).margin(0.01));
    CHECK(found[0].deviations > 10);
  }
}

TEST_CASE("Outliers come the worst first") {
  FitData data = noisy(kPower, 0.002);
  data.log_y[4] += 0.1;
  data.log_y[9] -= 0.2;
  const std::vector<Outlier> found = outliers(fitted(kPower, data, {1e-3}, "g"), data);
  REQUIRE(found.size() >= 2);
  CHECK(found[0].point == 9);
  CHECK(found[1].point == 4);
  CHECK(std::ranges::is_sorted(found, std::greater{}, &Outlier::deviations));
}

TEST_CASE("Evenly scattered points have no outliers, and neither have points without scatter") {
  Random random(2);
  for (int set = 0; set < 20; ++set) {
    FitData data = planted_data(kPower, places(kPower), 0, random);
    for (double& log_y : data.log_y) log_y += uniform(random, -0.01, 0.01);
    CHECK(outliers(fitted(kPower, data, {}, "g"), data).empty());
  }
  for (const LossLaw& law : {LossLaw(kPower), LossLaw(kFloored), LossLaw(kChinchilla)}) {
    const FitData exact = noisy(law, 0);
    CHECK(outliers(fitted(law, exact, {}, "g"), exact).empty());
  }
}

TEST_CASE("What is left out leaves the law of the others") {
  for (const LossLaw& law : {LossLaw(kPower), LossLaw(kFloored), LossLaw(kChinchilla)}) {
    const FitData data = noisy(law);
    const LawFit fit = fitted(law, data, {}, "g");
    const std::vector<double> reference = ten_times_further(fit);
    const std::vector<LeftOut> all = leave_one_out(fit, data, reference);
    REQUIRE(all.size() == data.clusters());
    for (const LeftOut& one : all) {
      std::vector<std::size_t> others;
      for (std::size_t i = 0; i < data.clusters(); ++i) {
        if (i != one.cluster) others.push_back(i);
      }
      const LawFit without = fitted(law, subset(data, others), {}, "others");
      INFO(name(law) << " without " << one.cluster);
      REQUIRE(one.parameters.size() == parameters(law).size());
      CHECK(relative(one.value, predicted(without, reference)) < 1e-6);
    }
  }
}

TEST_CASE("The run that decides a fit is the one whose absence changes it most") {
  FitData data;
  Random random(3);
  for (int run = 0; run < 6; ++run) {
    for (int i = 0; i < 5; ++i) {
      const double x = std::pow(4, run) * (0.95 + 0.01 * i);
      add_point(data, {x}, 1 - 0.1 * std::log(x) + (run == 5 ? 0.05 : 0) + 0.001 * normal(random));
    }
  }
  data = in_clusters(data, 5);
  const LawFit fit = fitted(kPower, data, {}, "g");
  const std::vector<LeftOut> all = leave_one_out(fit, data, {1e4});
  const double value = predicted(fit, {1e4});
  const auto most = std::ranges::max_element(all, {}, [&](const LeftOut& one) { return std::abs(one.value - value); });
  CHECK(most->cluster == 5);
  CHECK(most->parameters[1] == Approx(0.1).margin(0.003));
}

TEST_CASE("Where the others do not determine the law, what is left out has no parameters") {
  FitData data;
  for (const double x : {1.0, 1.0, 1.0, 2.0}) add_point(data, {x}, 1 - 0.1 * x);
  const std::vector<LeftOut> all = leave_one_out(fitted(kPower, data, {}, "g"), data, {10});
  CHECK_FALSE(all[0].parameters.empty());
  CHECK(all[3].parameters.empty());
}

TEST_CASE("Akaike's corrected criterion is its formula, and none where it means nothing") {
  FitData data;
  for (int i = 0; i < 10; ++i) add_point(data, {1.0 + i}, 0);
  // n 10, mean square 0.1, 2 coordinates and the variance: 10 log 0.1 + 6 + 24 / 6.
  CHECK(aicc(0.5, 2, data, {}).value() == Approx(10 * std::log(0.1) + 10).epsilon(1e-14));
  CHECK_FALSE(aicc(0.5, 2, data, {1e-3}));
  CHECK_FALSE(aicc(0.5, 2, in_clusters(data, 5), {}));
  CHECK_FALSE(aicc(0, 2, data, {}));
  CHECK_FALSE(aicc(0.5, 8, data, {}));
  CHECK(aicc(0.5, 7, data, {}));
}

TEST_CASE("The criterion prefers the law that the data were made by") {
  int floored = 0, power = 0;
  constexpr int kSets = 40;
  for (int set = 0; set < kSets; ++set) {
    const auto preferred = [&](const LossLaw& law) {
      const FitData data = noisy(law, 0.005, 100 + static_cast<std::uint64_t>(set));
      const auto criterion = [&](const LossLaw& other) {
        return *aicc(fitted(other, data, {}, "g").objective, shape(other).coordinates(), data, {});
      };
      return criterion(kFloored) < criterion(kPower) ? "p3" : "p2";
    };
    floored += preferred(kFloored) == std::string("p3") ? 1 : 0;
    power += preferred(kPower) == std::string("p2") ? 1 : 0;
  }
  CHECK(floored == kSets);
  CHECK(power >= kSets * 3 / 4);
}

TEST_CASE("Laws of two inputs are compared with each other and with one of their product, which sees less") {
  const FitData data = noisy(kChinchilla);
  const LawFit fit = fitted(kChinchilla, data, {}, "g");
  const std::vector<double> reference = ten_times_further(fit);
  const std::vector<Alternative> all = alternatives(fit, data, reference);
  REQUIRE(all.size() == 3);
  const Alternative& itself = named(all, "chinchilla");
  CHECK(itself.objective == Approx(fit.objective).epsilon(1e-12));
  CHECK(itself.value == Approx(predicted(fit, reference)).epsilon(1e-12));
  CHECK(named(all, "chinchilla-outer").objective <= fit.objective * (1 + 1e-9));  // it holds the other law
  const Alternative& product = named(all, "p3 of parameters x tokens");
  CHECK(product.objective > 10 * fit.objective);
  CHECK(*product.aicc > *itself.aicc);
  CHECK(itself.backtest.rate < product.backtest.rate);
}

TEST_CASE("A law with more coordinates never fits worse") {
  for (std::uint64_t set = 0; set < 20; ++set) {
    const FitData line = noisy(kPower, 0.01, set), plane = noisy(kChinchilla, 0.02, set);
    CHECK(fitted(FlooredPowerLaw{}, line, {}, "g").objective <=
          fitted(PowerLaw{}, line, {}, "g").objective * (1 + 1e-9));
    CHECK(fitted(OuterChinchillaLaw{}, plane, {}, "g").objective <=
          fitted(ChinchillaLaw{}, plane, {}, "g").objective * (1 + 1e-9));
  }
}

TEST_CASE("An alternative that the points do not determine says why") {
  FitData data;
  for (const double x : {1.0, 2.0, 3.0}) add_point(data, {x}, 1 - 0.1 * x);
  const LawFit fit = fitted(kPower, data, {}, "g");
  const std::vector<Alternative> all = alternatives(fit, data, {30});
  CHECK(named(all, "p2").refused.empty());
  CHECK(says(named(all, "p3").refused, "at least 4"));
}

TEST_CASE("The sweep of losses begins with squares and holds the fit itself") {
  for (const LossLaw& law : {LossLaw(kPower), LossLaw(kFloored), LossLaw(kChinchilla)}) {
    const FitData data = noisy(law);
    const LawFit squares = fitted(law, data, {}, "g"), huber = fitted(law, data, {1e-3}, "g");
    const std::vector<double> reference = ten_times_further(squares);
    const std::vector<DeltaRow> rows = delta_sweep(huber, data, reference);
    REQUIRE(rows.size() == 6);
    CHECK_FALSE(rows[0].loss.huber_delta);
    CHECK(relative(rows[0].value, predicted(squares, reference)) < 1e-9);
    CHECK(rows[0].parameters == parameters(squares.law));
    const auto same = std::ranges::find_if(rows, [](const DeltaRow& row) { return row.loss.huber_delta == 1e-3; });
    REQUIRE(same != rows.end());
    CHECK(relative(same->value, predicted(huber, reference)) < 1e-9);
    // A delta beyond every residual is squares.
    CHECK(relative(rows[1].value, rows[0].value) < 1e-9);
  }
}

TEST_CASE("Ten times further is ten times the largest compute") {
  const LawFit one = fitted(kPower, noisy(kPower), {}, "g");
  CHECK(ten_times_further(one).at(0) == Approx(10 * one.range[0].hi));
  const LawFit two = fitted(kChinchilla, noisy(kChinchilla), {}, "g");
  const std::vector<double> x = ten_times_further(two);
  CHECK(x.at(0) * x.at(1) == Approx(10 * two.product_range.hi));
}

}  // namespace mobasim::tests::diagnostics_test
