#include "fit/report/group_fits.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "fit/data/fit_points.h"
#include "sim/base/error.h"
#include "sim/base/parallel.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

std::string group_name(const FitRequest& request, const std::vector<std::string>& key) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < key.size(); ++i) words.push_back(request.selection.by[i] + "=" + key[i]);
  return words.empty() ? request.data.string() : joined(words);
}

std::string progress_column(const Selection& selection) {
  return selection.tokens.empty() ? selection.x : selection.tokens;
}

void note_dropped(std::int64_t rows, const std::string& loss, std::vector<std::string>& notes) {
  if (rows > 0) notes.push_back(fmt::format("dropped {} row{} without '{}'", rows, rows == 1 ? "" : "s", loss));
}

void require_one_run(const FitRequest& request, const RunGroup& group) {
  if (request.selection.without_run_columns != WithoutRunColumns::each_group_is_a_run) return;
  const std::vector<Point>& points = group.runs.front().points;
  if (const std::optional<std::size_t> at = first_descent(group.runs.front())) {
    throw ConfigError(
        fmt::format("{}: '{}' goes down from {} to {}, so that these rows are more than one run: name the "
                    "columns that tell runs apart with --run",
                    group_name(request, group.key), progress_column(request.selection),
                    shortest(progress(points[*at - 1])), shortest(progress(points[*at]))));
  }
}

// A column left out of by, run or where puts several curves into one run, and the fit would look all right.
void note_mixed(const FitRequest& request, const Observations& observations, std::vector<std::string>& notes) {
  std::size_t runs = 0, descending = 0;
  for (const RunGroup& group : observations.groups) {
    runs += group.runs.size();
    descending += static_cast<std::size_t>(std::count_if(group.runs.begin(), group.runs.end(), first_descent));
  }
  if (descending == 0) return;
  notes.push_back(fmt::format(
      "in {} of {} run{} '{}' goes down in the course of the file, as if several curves were taken for one: "
      "is a column missing in --by, --run or --where?",
      descending, runs, runs == 1 ? "" : "s", progress_column(request.selection)));
}

// Kept by the groups, which are made ready later.
using SharedRequest = std::shared_ptr<const FitRequest>;

GroupsToFit single_groups(const SharedRequest& request, const CsvTable& table) {
  const Observations observations = observations_from(table, request->selection);
  GroupsToFit result;
  note_dropped(observations.dropped_empty, request->selection.loss, result.notes);
  if (!request->selection.run.empty()) note_mixed(*request, observations, result.notes);
  result.dropped = observations.dropped_empty;
  result.runs = observations.groups;
  for (const RunGroup& group : observations.groups) {
    result.groups.push_back({group.key, group_name(*request, group.key), [request, group] {
                               require_one_run(*request, group);
                               return fit_data_of(group, request->points);
                             }});
  }
  return result;
}

// The group of the same key, or one without runs: fitting it then names what is missing.
RunGroup same_group(const std::vector<RunGroup>& groups, const RunGroup& wanted) {
  for (const RunGroup& group : groups) {
    if (group.key == wanted.key) return group;
  }
  return {wanted.key, {}};
}

GroupsToFit paired_groups(const SharedRequest& request, const CsvTable& table) {
  const Observations a = observations_from(table, selection_of_arm(*request, request->arms->a));
  const Observations b = observations_from(table, selection_of_arm(*request, request->arms->b));
  GroupsToFit result;
  result.dropped = a.dropped_empty + b.dropped_empty;
  note_dropped(result.dropped, request->selection.loss, result.notes);
  note_mixed(*request, a, result.notes);
  result.runs = a.groups;
  for (const RunGroup& group : b.groups) {
    if (same_group(a.groups, group).runs.empty()) result.runs.push_back({group.key, {}});
  }
  for (const RunGroup& group : result.runs) {
    const RunGroup other = same_group(b.groups, group);
    const std::string name = group_name(*request, group.key);
    const auto data = [request, group, other, name] { return paired_data_of(group, other, request->points, name); };
    const auto arms = [request, group, other] {
      return PairedArms{fit_data_of(group, request->points), fit_data_of(other, request->points)};
    };
    result.groups.push_back({group.key, name, data, arms});
  }
  return result;
}

GroupFitOptions options_of(const FitRequest& request) {
  GroupFitOptions result;
  result.law = request.law;
  result.loss = request.loss;
  result.resamples = request.bootstrap;
  result.seed = request.seed;
  result.threads = threads_of(request.threads);
  result.backtest = request.backtest;
  result.diagnostics = request.diagnostics;
  result.target_losses = request.target_losses;
  return result;
}

}  // namespace

GroupsToFit groups_to_fit(const FitRequest& request, const CsvTable& table) {
  const SharedRequest shared = std::make_shared<const FitRequest>(request);
  return request.arms ? paired_groups(shared, table) : single_groups(shared, table);
}

AskedTargets targets_asked(const FitRequest& request, const std::vector<RunGroup>& groups) {
  if (request.project_from.empty()) return {request.project, {}};
  AskedTargets asked;
  asked.targets = targets_from(CsvTable::read(request.project_from), selection_of_targets(request));
  const std::vector<std::string> strangers = keys_without_group(asked.targets, groups);
  if (!strangers.empty()) asked.notes.push_back(fmt::format("no group of the data answers {}", joined(strangers)));
  return asked;
}

std::vector<GroupFit> group_fits(const FitRequest& request, const GroupsToFit& groups,
                                 const std::vector<Target>& targets, const Progress& progress) {
  std::vector<GroupFit> fits;
  std::vector<ConfigError::Problem> problems;
  GroupFitOptions how = options_of(request);
  for (std::size_t i = 0; i < groups.groups.size(); ++i) {
    const GroupToFit& group = groups.groups[i];
    how.progress = progress.after(fmt::format("fit {} of {}: {}: ", i + 1, groups.groups.size(), group.name));
    try {
      fits.push_back(group_fit(group.key, group.name, group.data(), targets_of(targets, group.key), how, group.arms()));
    } catch (const ConfigError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
    progress.check();
  }
  if (!problems.empty()) throw ConfigError(std::move(problems));
  return fits;
}

FitReport report_of(const FitRequest& request, const GroupsToFit& groups, const std::vector<GroupFit>& fits,
                    const std::vector<std::string>& command) {
  const Selection& selection = request.selection;
  FitReport report;
  report.command = command;
  report.inputs = {request.data};
  if (!request.project_from.empty()) report.inputs.push_back(request.project_from);
  report.law = request.law;
  report.loss = request.loss;
  report.definition = request.definition;
  report.compute = selection.x;
  report.parameters = selection.parameters;
  report.tokens = selection.tokens;
  report.loss_column = selection.loss;
  report.weight = selection.weight;
  report.cluster = selection.cluster;
  report.by = selection.by;
  report.run = selection.run;
  if (request.arms) report.pair = request.arms->column + "=" + request.arms->a + "," + request.arms->b;
  report.size = request.size;
  report.where = selection.where;
  report.points = request.points_text;
  report.dropped = groups.dropped;
  report.resamples = request.bootstrap;
  report.seed = request.seed;
  report.groups = fits;
  return report;
}

}  // namespace mobasim
