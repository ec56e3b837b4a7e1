// All that is found out about a group hangs together.
#include "fit/prediction/group_fit.h"

#include "tests/catch.h"
#include "tests/unit/fit/planted.h"

namespace mobasim::tests::group_fit_test {
namespace {

GroupFitOptions options(const LossLaw& law) {
  GroupFitOptions result;
  result.law = law;
  return result;
}

GroupFit group_of(const FitData& data, const std::vector<Target>& targets, const GroupFitOptions& chosen) {
  return group_fit({"p"}, "panel=p", data, targets, chosen);
}

bool everything(const Interval& interval) { return std::isinf(interval.lo) && std::isinf(interval.hi); }

}  // namespace

TEST_CASE("Nothing is computed that was not asked for") {
  const GroupFit group = group_of(noisy(kFloored), {}, options(kFloored));
  CHECK_FALSE(group.bootstrap);
  CHECK_FALSE(group.backtest);
  CHECK(group.projected.empty());
  CHECK(group.outliers.empty());
  CHECK(group.left_out.empty());
  CHECK(group.alternatives.empty());
  CHECK(group.deltas.empty());
  CHECK(group.key == std::vector<std::string>{"p"});
  CHECK_FALSE(resampled_error(group, {100}));
}

TEST_CASE("Intervals by every method hold the estimate, and those that count are of the bootstrap where there is one") {
  GroupFitOptions chosen = options(kFloored);
  const GroupFit by_profile = group_of(noisy(kFloored), {}, chosen);
  chosen.resamples = 400;
  const GroupFit by_bootstrap = group_of(noisy(kFloored), {}, chosen);
  CHECK(by_profile.estimate.interval_method == "profile");
  CHECK(by_bootstrap.estimate.interval_method == "bca");
  const std::vector<double> estimate = parameters(by_bootstrap.estimate.fit.law);
  for (std::size_t j = 0; j < estimate.size(); ++j) {
    const ParameterInterval& one = by_bootstrap.intervals[j];
    for (const Interval& interval : {one.delta, one.profile, one.bootstrap->percentile, one.bootstrap->bca}) {
      CHECK(interval.lo < estimate[j]);
      CHECK(interval.hi > estimate[j]);
    }
    CHECK(by_bootstrap.estimate.intervals[j].lo == one.bootstrap->bca.lo);
    CHECK(by_profile.estimate.intervals[j].hi == one.profile.hi);
  }
}

TEST_CASE("For lines through many independent points the resampled error is that of the delta method") {
  GroupFitOptions chosen = options(kPower);
  chosen.resamples = 300;
  for (const double x : {1.0, 100.0, 1e4}) {
    double resampled = 0, delta = 0;  // sums of squares: in one set alone the two differ by what points scatter where
    for (std::uint64_t set = 0; set < 40; ++set) {
      const GroupFit group = group_of(noisy(kPower, 60, 0.005, set), {}, chosen);
      const Coordinates slopes = {1, -(std::log(x) - group.estimate.fit.centre[0])};
      resampled += std::pow(resampled_error(group, {x}).value(), 2);
      delta += std::pow(standard_error(group.estimate.uncertainty, slopes), 2);
    }
    CHECK(std::sqrt(resampled / delta) == Approx(1).margin(0.06));
  }
}

TEST_CASE("Targets are projected with a back-test, and laws are compared at the farthest of them") {
  const std::vector<Target> targets = {{{2000}, {}, {}}, {{1e5}, {}, {}}, {{1.0}, {}, {}}};
  const GroupFit group = group_of(noisy(kFloored), targets, options(kFloored));
  REQUIRE(group.backtest);
  REQUIRE(group.projected.size() == 3);
  for (const GroupFit::Projected& one : group.projected) {
    const Prediction again = predicted(group.estimate, *group.backtest, one.target.x);
    CHECK(one.prediction.value == again.value);
    CHECK(one.prediction.band.hi == again.band.hi);
  }
  CHECK(group.reference == std::vector<double>{1e5});
  CHECK(group_of(noisy(kFloored), {targets[2]}, options(kFloored)).reference ==
        ten_times_further(group.estimate.fit));  // that one is inside the data
}

TEST_CASE("Diagnostics are those of the fit at the reference") {
  GroupFitOptions chosen = options(kFloored);
  chosen.diagnostics = true;
  chosen.target_losses = {2.0};
  const FitData data = noisy(kFloored);
  const GroupFit group = group_of(data, {}, chosen);
  CHECK(group.left_out.size() == data.clusters());
  CHECK(group.alternatives.size() == 2);
  REQUIRE(group.deltas.size() == 6);
  CHECK(group.deltas[0].value == Approx(predicted(group.estimate.fit, group.reference)).epsilon(1e-9));
  REQUIRE(group.target_losses.size() == 1);
  CHECK(predicted(group.estimate.fit, group.target_losses[0].x) == Approx(2.0).epsilon(1e-9));
  REQUIRE(group.backtest);
}

TEST_CASE("Under Huber's loss no interval is given without a bootstrap") {
  GroupFitOptions chosen = options(kFloored);
  chosen.loss = {1e-3};
  const GroupFit group = group_of(noisy(kFloored), {}, chosen);
  CHECK(group.estimate.interval_method.empty());
  for (const Interval& interval : group.estimate.intervals) CHECK(everything(interval));
}

TEST_CASE("A group's fit is the same a second time, whatever the threads, and tells what it is doing") {
  GroupFitOptions chosen = options(kFloored);
  chosen.resamples = 200;
  chosen.diagnostics = true;
  std::vector<std::string> doings;
  const auto note = [&](const std::string& line) {
    const std::string doing = line.substr(0, line.find(' '));
    if (doings.empty() || doings.back() != doing) doings.push_back(doing);
  };
  chosen.progress = Progress(note, {});
  const GroupFit one = group_of(noisy(kFloored), {}, chosen);
  CHECK(doings == std::vector<std::string>{"fit", "bootstrap", "back-test", "diagnostics"});
  chosen.threads = 2;
  const GroupFit two = group_of(noisy(kFloored), {}, chosen);
  CHECK(parameters(one.estimate.fit.law) == parameters(two.estimate.fit.law));
  for (std::size_t j = 0; j < 3; ++j) CHECK(one.estimate.intervals[j].lo == two.estimate.intervals[j].lo);
  CHECK(one.backtest->rate == two.backtest->rate);
}

TEST_CASE("A group that determines nothing is refused by its name") {
  CHECK(says(refusal([] { (void)group_of(noisy(kFloored, 3), {}, options(kFloored)); }), "panel=p: 3 points"));
}

}  // namespace mobasim::tests::group_fit_test
