// Whether prediction bands keep their word: every published series of runs is cut off after the first seven runs, after
// eight, and so on; each time the law is fitted to what is left, back-tested on it, and asked for the larger runs,
// which it has not seen. MOBASIM_REFERENCE_DATA names the folder that holds fit; without it the test is skipped.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "fit/data/fit_points.h"
#include "fit/prediction/prediction.h"
#include "sim/base/csv.h"
#include "tests/catch.h"

namespace mobasim::tests::bands_reference_test {
namespace {

struct Series {
  std::string name, file;
  LossLaw law;
  Selection selection;
  PointRule rule;
};

const PointRule kAll{PointRule::Kind::all, 0}, kLast{PointRule::Kind::last, 0};

std::vector<Series> series() {
  const Selection porian{.x = "flop", .loss = "loss"};
  const Selection olmo_compute{.x = "flop", .loss = "c4_loss_avg5"};
  const Selection olmo{.loss = "c4_loss_avg5", .parameters = "params", .tokens = "tokens"};
  const Selection dense_ends{.x = "dense_parameter_count",
                             .loss = "loss_validation",
                             .run = {"model_size_label", "seed"},
                             .where = {"flop_increase=1", "step=249000"}};
  const Selection dense_curves{.loss = "loss_validation",
                               .run = {"model_size_label", "seed"},
                               .where = {"flop_increase=1", "step>=20e3"},
                               .parameters = "dense_parameter_count",
                               .tokens = "step"};
  return {{"Porian frontier", "porian_frontier.csv", PowerLaw{}, porian, kAll},
          {"Porian frontier", "porian_frontier.csv", FlooredPowerLaw{}, porian, kAll},
          {"OLMo ladder, C4, by compute", "olmo_ladder.csv", PowerLaw{}, olmo_compute, kAll},
          {"OLMo ladder, C4, by compute", "olmo_ladder.csv", FlooredPowerLaw{}, olmo_compute, kAll},
          {"OLMo ladder, C4", "olmo_ladder.csv", ChinchillaLaw{}, olmo, kAll},
          {"DeepMind dense, ends", "dm_routing_dense_curves.csv", PowerLaw{}, dense_ends, kLast},
          {"DeepMind dense, ends", "dm_routing_dense_curves.csv", FlooredPowerLaw{}, dense_ends, kLast},
          {"DeepMind dense, curves", "dm_routing_dense_curves.csv", ChinchillaLaw{}, dense_curves, kAll}};
}

FitData data_of(const Series& one, const std::filesystem::path& folder) {
  const Observations observations = observations_from(CsvTable::read(folder / one.file), one.selection);
  REQUIRE(observations.groups.size() == 1);
  return fit_data_of(observations.groups[0], one.rule);
}

// Clusters by their largest compute.
std::vector<std::pair<double, std::size_t>> by_compute(const FitData& data) {
  std::vector<std::pair<double, std::size_t>> order;
  std::size_t begin = 0;
  for (std::size_t cluster = 0; cluster < data.clusters(); ++cluster) {
    double most = -INFINITY;
    for (std::size_t i = begin; i < data.cluster_end[cluster]; ++i) {
      most = std::max(most, data.log_x[i][0] + data.log_x[i][1]);
    }
    order.emplace_back(most, cluster);
    begin = data.cluster_end[cluster];
  }
  std::ranges::sort(order);
  return order;
}

struct Tally {
  double asked = 0, covered = 0;
  std::vector<double> half_widths;  // up to 10x
  void add(const Tally& other) {
    asked += other.asked;
    covered += other.covered;
    half_widths.insert(half_widths.end(), other.half_widths.begin(), other.half_widths.end());
  }
  [[nodiscard]] double median_half_width() {
    std::ranges::sort(half_widths);
    return half_widths[half_widths.size() / 2];
  }
};

void ask(Tally& tally, const Estimate& estimate, const Backtest& backtest, const FitData& later) {
  for (std::size_t i = 0; i < later.points(); ++i) {
    std::vector<double> x = {std::exp(later.log_x[i][0])};
    if (shape(estimate.fit.law).inputs == 2) x.push_back(std::exp(later.log_x[i][1]));
    const Prediction prediction = predicted(estimate, backtest, x);
    if (prediction.extrapolation <= 1) continue;
    const double observed = std::exp(later.log_y[i]);
    tally.asked += 1;
    tally.covered += observed >= prediction.band.lo && observed <= prediction.band.hi ? 1 : 0;
    if (prediction.extrapolation > 10) continue;
    tally.half_widths.push_back(std::log(prediction.band.hi / prediction.band.lo) / 2);
  }
}

Tally tally_of(const Series& one, const FitData& data) {
  const auto order = by_compute(data);
  Tally tally;
  for (std::size_t k = kFewestBacktestClusters; k < order.size(); ++k) {
    if (order[k].first <= order[k - 1].first + 1e-6) continue;  // runs of one compute are not torn apart
    std::vector<std::size_t> smaller, larger;
    for (std::size_t i = 0; i < order.size(); ++i) (i < k ? smaller : larger).push_back(order[i].second);
    const FitData fitted_to = subset(data, smaller);
    const Backtest backtest = backtested(one.law, fitted_to, {});
    if (backtest.impossible.empty())
      ask(tally, estimated(one.law, fitted_to, {}, one.name), backtest, subset(data, larger));
  }
  return tally;
}

}  // namespace

TEST_CASE(
    "Prediction bands hold at least 90 of 100 larger runs of published series, and are at most 6% wide up to 10x") {
  const char* reference = std::getenv("MOBASIM_REFERENCE_DATA");
  if (reference == nullptr) MOBASIM_SKIP("MOBASIM_REFERENCE_DATA is not set");
  Tally all;
  for (const Series& one : series()) {
    Tally tally = tally_of(one, data_of(one, std::filesystem::path(reference) / "fit"));
    INFO(one.name << ", " << name(one.law) << ": " << tally.covered << " of " << tally.asked << ", half-width "
                  << tally.median_half_width());
    REQUIRE(tally.asked > 0);
    CHECK(tally.covered >= 0.9 * tally.asked);
    CHECK(tally.median_half_width() <= 0.075);  // of one series
    all.add(tally);
  }
  INFO("all: " << all.covered << " of " << all.asked << ", half-width " << all.median_half_width());
  CHECK(all.asked > 200);
  CHECK(all.covered >= 0.9 * all.asked);
  CHECK(all.median_half_width() <= 0.06);
}

TEST_CASE("Five runs are no back-test, and it is said") {
  FitData five;
  for (int i = 0; i < 5; ++i) {
    five.log_x.push_back({std::log(0.4) + 0.6 * i, 0});
    five.log_y.push_back(std::log(1.6) - 0.06 * i + (i % 2 == 0 ? 1e-3 : -1e-3));
    five.cluster_end.push_back(five.log_y.size());
  }
  CHECK(backtested(PowerLaw{}, five, {}).impossible == "no back-test possible: 5 points, at least 7 are needed");
}

}  // namespace mobasim::tests::bands_reference_test
