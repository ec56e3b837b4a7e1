// The reference cases of fits, taken from the published data sets by the conditions and rules that a user would give:
// what is selected is what the cases were computed from. MOBASIM_REFERENCE_DATA names the folder that holds fit;
// without it the test is skipped.
#include <yaml-cpp/yaml.h>  // JSON is YAML

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "fit/data/fit_points.h"
#include "fit/data/observations.h"
#include "fit/data/targets.h"
#include "tests/catch.h"

namespace mobasim::tests::fit_selections_reference_test {
namespace {

using Rows = std::vector<std::vector<double>>;  // logarithms of the inputs, then of the loss

struct Selected {
  std::string name, file;
  Selection selection;
  PointRule rule;
  std::vector<std::string> held_out;  // conditions of the test points
  std::size_t clusters;
};

const PointRule kAll{PointRule::Kind::all, 0};
const PointRule kLast{PointRule::Kind::last, 0};

std::vector<Selected> selections() {
  const Selection chinchilla{.loss = "loss", .parameters = "params", .tokens = "tokens"};
  Selection without_outliers = chinchilla;
  without_outliers.where = {"excluded!=1"};
  const Selection olmo{.loss = "c4_loss_avg5", .where = {"mode=train"}, .parameters = "params", .tokens = "tokens"};
  Selection olmo_small = olmo;
  olmo_small.where.push_back("params<=760e6");
  return {
      {"chinchilla/full240", "chinchilla_epoch.csv", without_outliers, kAll, {}, 240},
      {"chinchilla/all245", "chinchilla_epoch.csv", chinchilla, kAll, {}, 245},
      {"porian/rw-tuned-short-const-standard",
       "porian_frontier.csv",
       {.x = "flop", .loss = "loss", .where = {"flop<2e18"}},
       kAll,
       {"flop>2e18"},
       8},
      {"olmo/c4_loss_avg5 16->7B,13B", "olmo_ladder.csv", olmo, kAll, {"mode=eval"}, 16},
      {"olmo/c4 fit<=760M -> 1.3B", "olmo_ladder.csv", olmo_small, kAll, {"size=1.3B"}, 12},
      {"gadre/c4_original all<=411M -> >=1.4B",
       "gadre_overtraining.csv",
       {.loss = "loss_c4_val",
        .where = {"params<1e9", "train_set=c4_original"},
        .parameters = "params",
        .tokens = "tokens"},
       kAll,
       {"params>1e9"},
       31},
      {"dm_routing/dense final N<=370M -> 1.3B",
       "dm_routing_dense_curves.csv",
       {.x = "dense_parameter_count",
        .loss = "loss_validation",
        .run = {"model_size_label", "seed"},
        .where = {"flop_increase=1", "dense_parameter_count<1e9"}},
       kLast,
       {"dense_parameter_count>1e9", "step=249000"},
       7},
      {"dm_routing/dense curves step>=20k N<=370M -> 1.3B",
       "dm_routing_dense_curves.csv",
       {.loss = "loss_validation",
        .run = {"model_size_label", "seed"},
        .where = {"flop_increase=1", "step>=20e3", "dense_parameter_count<1e9"},
        .parameters = "dense_parameter_count",
        .tokens = "step"},
       kAll,
       {"dense_parameter_count>1e9", "step>=20e3"},
       7},
  };
}

Rows sorted(Rows rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

Rows rows_of(const FitData& data, std::size_t inputs) {
  Rows rows;
  for (std::size_t i = 0; i < data.points(); ++i) {
    rows.emplace_back(data.log_x[i].begin(), data.log_x[i].begin() + static_cast<std::ptrdiff_t>(inputs));
    rows.back().push_back(data.log_y[i]);
  }
  return sorted(rows);
}

Rows rows_of(const std::vector<Target>& targets) {
  Rows rows;
  for (const Target& target : targets) {
    rows.emplace_back();
    for (const double x : target.x) rows.back().push_back(std::log(x));
    rows.back().push_back(std::log(target.observed.value()));
  }
  return sorted(rows);
}

Rows rows_of(const YAML::Node& points) {
  Rows rows;
  for (const YAML::Node& point : points) {
    rows.emplace_back();
    const auto append = [&](const YAML::Node& value) { rows.back().push_back(std::log(value.as<double>())); };
    if (point.IsSequence()) {
      for (const YAML::Node& value : point) append(value);
    } else {
      for (const YAML::Node& value : point["x"]) append(value);
      append(point["observed"]);
    }
  }
  return sorted(rows);
}

void check_same(const Rows& selected, const Rows& expected) {
  REQUIRE(selected.size() == expected.size());
  for (std::size_t i = 0; i < selected.size(); ++i) {
    REQUIRE(selected[i].size() == expected[i].size());
    for (std::size_t j = 0; j < selected[i].size(); ++j) CHECK(std::abs(selected[i][j] - expected[i][j]) < 1e-12);
  }
}

YAML::Node case_named(const YAML::Node& cases, const std::string& name) {
  for (const YAML::Node& one : cases) {
    if (one["name"].as<std::string>() == name) return one;
  }
  return {};
}

}  // namespace

TEST_CASE("Conditions and point rules select what the reference cases were computed from") {
  const char* folder = std::getenv("MOBASIM_REFERENCE_DATA");
  if (folder == nullptr) MOBASIM_SKIP("MOBASIM_REFERENCE_DATA is not set");
  const std::filesystem::path data = std::filesystem::path(folder) / "fit";
  const YAML::Node cases = YAML::LoadFile((data / "expected_cases.json").string());
  for (const Selected& selected : selections()) {
    INFO(selected.name);
    const YAML::Node expected = case_named(cases, selected.name);
    REQUIRE(expected.IsMap());
    const CsvTable table = CsvTable::read(data / selected.file);
    const Observations observations = observations_from(table, selected.selection);
    REQUIRE(observations.groups.size() == 1);
    const FitData points = fit_data_of(observations.groups.front(), selected.rule);
    CHECK(points.clusters() == selected.clusters);
    check_same(rows_of(points, selected.selection.tokens.empty() ? 1 : 2), rows_of(expected["fit"]));
    if (selected.held_out.empty()) continue;
    Selection held_out = selected.selection;
    held_out.where = selected.held_out;
    check_same(rows_of(targets_from(table, held_out)), rows_of(expected["test"]));
  }
}

}  // namespace mobasim::tests::fit_selections_reference_test
