// What must agree: results that rest on the same thing, and results that must not depend on what means nothing.
#include "fit/prediction/group_fit.h"
#include "tests/catch.h"
#include "tests/unit/fit/planted.h"

namespace mobasim::tests::agreement_test {
namespace {

GroupFit group_of(const LossLaw& law, const FitData& data, const std::vector<Target>& targets, std::int64_t resamples,
                  const std::vector<double>& losses = {}, std::optional<double> delta = std::nullopt) {
  GroupFitOptions options;
  options.law = law;
  options.resamples = resamples;
  options.target_losses = losses;
  options.loss.huber_delta = delta;
  return group_fit({"p"}, "panel=p", data, targets, options);
}

}  // namespace

TEST_CASE("The unit of weights changes neither the fit nor its intervals, its back-test and its bands") {
  FitData data = noisy(kFloored, 16, 0.005, 3);
  Random random(4);
  std::vector<double> weights;
  for (std::size_t i = 0; i < data.points(); ++i) weights.push_back(uniform(random, 0.5, 2));
  std::vector<GroupFit> fits;
  for (const double unit : {1e-6, 1.0, 1e6}) {
    data.weights = weights;
    for (double& weight : data.weights) weight *= unit;
    fits.push_back(group_of(kFloored, data, {{{1e5}, {}, {}}}, 0));
  }
  for (const GroupFit& one : fits) {
    CHECK(one.projected[0].prediction.band.hi == Approx(fits[1].projected[0].prediction.band.hi).epsilon(1e-6));
    CHECK(one.projected[0].prediction.band.lo == Approx(fits[1].projected[0].prediction.band.lo).epsilon(1e-6));
    CHECK(one.backtest->rate == Approx(fits[1].backtest->rate).epsilon(1e-4));
    CHECK(one.estimate.intervals[0].lo == Approx(fits[1].estimate.intervals[0].lo).epsilon(1e-4));
    CHECK(one.estimate.intervals[2].hi == Approx(fits[1].estimate.intervals[2].hi).epsilon(1e-4));
  }
}

TEST_CASE("A floor is zero only where every floor above it makes the objective larger") {
  int at_zero = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const ChinchillaLaw law{uniform(random, 0, 0.2), 9, 0.065, 39, 0.168};
    const FitData data = planted_data(law, over_grid(3, 3), 0.003, random);
    const LawFit fit = fitted(law, data, {}, "p");
    if (!fit.floor_at_zero) continue;
    ++at_zero;
    double slope = 0;  // dF / dfloor at zero
    for (std::size_t i = 0; i < data.points(); ++i) {
      const double log_y = log_predicted(fit, fit.at, data.log_x[i]);
      slope -= (data.log_y[i] - log_y) * std::exp(-log_y);
    }
    INFO("seed " << seed);
    CHECK(slope >= -1e-9 * fit.objective);
  }
  CHECK(at_zero > 5);
}

TEST_CASE("What it takes to reach a loss and what is projected there have the same band, resampled or not") {
  const FitData data = noisy(kFloored, 24, 0.005, 5);
  for (const std::int64_t resamples : {0, 400}) {
    const GroupFit group = group_of(kFloored, data, {}, resamples, {1.9});
    const TargetLoss& target = group.target_losses[0];
    const auto band_at = [&](double x) {
      return predicted(group.estimate, *group.backtest, {x}, resampled_error(group, {x})).band;
    };
    CHECK(band_at(target.interval.lo).lo == Approx(1.9).epsilon(1e-6));
    CHECK(band_at(target.interval.hi).hi == Approx(1.9).epsilon(1e-6));
  }
}

TEST_CASE("Of few runs the intervals of slopes count, of more those of the bootstrap") {
  const GroupFit few = group_of(kPower, noisy(kPower, 5, 0.005, 6), {}, 400);
  CHECK(few.estimate.interval_method == "t");
  CHECK(few.bootstrap);
  const GroupFit more = group_of(kPower, noisy(kPower, 8, 0.005, 6), {}, 400);
  CHECK(more.estimate.interval_method == "bca");
}

TEST_CASE("A resample has as many different runs as the law has parameters") {
  const FitData runs = in_clusters(noisy(kPower, 40, 0.005, 7), 8);  // five runs, each over its own range
  const GroupFit group = group_of(kPower, runs, {}, 400);
  CHECK(group.bootstrap->undetermined > 0);  // one run five times: once in 625 draws
  CHECK(group.bootstrap->resamples.size() == 400);
}

TEST_CASE("Under Huber's loss a floor is identified where resamples exclude zero, whatever delta") {
  const FitData data = noisy(kFloored, 60, 0.005, 8);
  for (const double delta : {1e-4, 1e-3, 1e-2}) {
    const GroupFit group = group_of(kFloored, data, {}, 400, {}, delta);
    REQUIRE(group.estimate.intervals[0].lo > 0);
    CHECK(group.estimate.floor_status == FloorStatus::identified);
  }
}

TEST_CASE("A projection stands beside that of the law that differs by a floor") {
  const FitData data = noisy(kFloored, 24, 0.005, 9);
  const GroupFit group = group_of(kPower, data, {{{1e4}, {}, {}}}, 0);
  CHECK(group.other_law == "p3");
  CHECK(group.projected[0].other == predicted(fitted(kFloored, data, {}, "p"), {1e4}));
  CHECK(group_of(PairedLaw{}, data, {{{1e4}, {}, {}}}, 0).other_law.empty());
}

}  // namespace mobasim::tests::agreement_test
