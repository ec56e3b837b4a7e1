#include "fit/data/fit_points.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <unordered_map>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

void append(FitData& data, const Point& point) {
  data.log_x.push_back({std::log(point.x), point.tokens > 0 ? std::log(point.tokens) : 0});
  data.log_y.push_back(std::log(point.loss));
  data.weights.push_back(point.weight);
  data.lines.push_back(point.line);
}

// Leaves out what says nothing.
void tidy(FitData& data) {
  const auto is_one = [](double weight) { return weight == 1; };
  if (std::all_of(data.weights.begin(), data.weights.end(), is_one)) data.weights = {};
  const auto is_empty = [](const std::string& name) { return name.empty(); };
  if (std::all_of(data.cluster_names.begin(), data.cluster_names.end(), is_empty)) data.cluster_names = {};
  const auto is_zero = [](std::int64_t line) { return line == 0; };
  if (std::all_of(data.lines.begin(), data.lines.end(), is_zero)) data.lines = {};
}

// The runs that have points, those of one cluster side by side, in the order in which clusters first appear.
struct ClusteredRun {
  std::size_t cluster = 0;
  const TrainingRun* run = nullptr;
};

std::vector<ClusteredRun> clustered_runs(const RunGroup& group) {
  std::vector<ClusteredRun> runs;
  std::unordered_map<std::string_view, std::size_t> clusters;
  std::size_t count = 0;
  for (const TrainingRun& run : group.runs) {
    if (run.points.empty()) continue;
    std::size_t cluster = count;
    if (!run.cluster.empty()) cluster = clusters.try_emplace(run.cluster, count).first->second;
    if (cluster == count) ++count;
    runs.push_back({cluster, &run});
  }
  const auto earlier = [](const ClusteredRun& a, const ClusteredRun& b) { return a.cluster < b.cluster; };
  std::stable_sort(runs.begin(), runs.end(), earlier);
  return runs;
}

using RunsByKey = std::map<std::vector<std::string>, const TrainingRun*>;

RunsByKey runs_by_key(const RunGroup& group, const std::string& what) {
  RunsByKey runs;
  for (const TrainingRun& run : group.runs) {
    if (!runs.emplace(run.key, &run).second) {
      throw ConfigError(fmt::format("{}: two runs '{}' in one arm; pairs need one", what, joined(run.key)));
    }
  }
  return runs;
}

std::vector<std::string> keys_without_partner(const RunGroup& group, const RunsByKey& other) {
  std::vector<std::string> names;
  for (const TrainingRun& run : group.runs) {
    if (!other.contains(run.key)) names.push_back("'" + joined(run.key) + "'");
  }
  return names;
}

void require_partners(const RunGroup& a, const RunsByKey& a_by_key, const RunGroup& b, const RunsByKey& b_by_key,
                      const std::string& what) {
  const std::vector<std::string> only_a = keys_without_partner(a, b_by_key);
  const std::vector<std::string> only_b = keys_without_partner(b, a_by_key);
  if (only_a.empty() && only_b.empty()) return;
  std::string message = what + ": runs without a partner in the other arm:";
  if (!only_a.empty()) message += fmt::format(" {} only in the first", joined(only_a));
  if (!only_a.empty() && !only_b.empty()) message += ";";
  if (!only_b.empty()) message += fmt::format(" {} only in the second", joined(only_b));
  throw ConfigError(message);
}

}  // namespace

FitData fit_data_of(const RunGroup& group, const PointRule& rule) {
  FitData data;
  std::size_t last = 0;
  for (const auto& [cluster, run] : clustered_runs(group)) {
    if (data.cluster_end.empty() || cluster != last) {
      data.cluster_end.push_back(data.log_y.size());
      data.cluster_names.push_back(run->cluster.empty() ? joined(run->key) : run->cluster);
      last = cluster;
    }
    for (const Point& point : chosen_points(*run, rule)) append(data, point);
    data.cluster_end.back() = data.log_y.size();
  }
  tidy(data);
  return data;
}

FitData paired_data_of(const RunGroup& a, const RunGroup& b, const PointRule& rule, const std::string& what) {
  const RunsByKey runs_of_b = runs_by_key(b, what), runs_of_a = runs_by_key(a, what);
  require_partners(a, runs_of_a, b, runs_of_b, what);
  FitData data;
  for (const TrainingRun& run : a.runs) {
    const Point of_a = mean_point(chosen_points(run, rule));
    const Point of_b = mean_point(chosen_points(*runs_of_b.at(run.key), rule));
    const double weight = 2 * of_a.weight * of_b.weight / (of_a.weight + of_b.weight);
    append(data, {std::sqrt(of_a.x) * std::sqrt(of_b.x), of_a.loss / of_b.loss, 0, weight, of_a.line});
    data.cluster_end.push_back(data.log_y.size());
    data.cluster_names.push_back(joined(run.key));
  }
  tidy(data);
  return data;
}

}  // namespace mobasim
