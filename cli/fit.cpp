// mobasim fit: a loss law through the points of any CSV, one row per group, and what follows from it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <functional>
#include <thread>

#include "cli/command.h"
#include "cli/fit_options.h"
#include "cli/fit_report.h"
#include "cli/fit_tables.h"
#include "fit/fit_points.h"
#include "fit/group_fit.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::cli {
namespace {

// "panel=p, attention=moba", or the file's name where nothing groups.
std::string group_name(const FitOptions& options, const std::vector<std::string>& key) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < key.size(); ++i) words.push_back(options.selection.by[i] + "=" + key[i]);
  return words.empty() ? options.data.string() : joined(words);
}

std::string progress_column(const Selection& selection) {
  return selection.tokens.empty() ? selection.x : selection.tokens;
}

void tell_dropped(std::int64_t rows, const std::string& loss) {
  if (rows > 0) tell(fmt::format("dropped {} row{} without '{}'", rows, rows == 1 ? "" : "s", loss));
}

void require_one_run(const FitOptions& options, const RunGroup& group) {
  if (options.selection.without_run_columns != WithoutRunColumns::each_group_is_a_run) return;
  const std::vector<Point>& points = group.runs.front().points;
  if (const std::optional<std::size_t> at = first_descent(group.runs.front())) {
    throw ConfigError(
        fmt::format("{}: '{}' goes down from {} to {}, so that these rows are more than one run: name the "
                    "columns that tell runs apart with --run",
                    group_name(options, group.key), progress_column(options.selection),
                    shortest(progress(points[*at - 1])), shortest(progress(points[*at]))));
  }
}

// A column left out of --by, --run or --where puts several curves into one run, and the fit would look all right.
void tell_mixed(const FitOptions& options, const Observations& observations) {
  std::size_t runs = 0, descending = 0;
  for (const RunGroup& group : observations.groups) {
    runs += group.runs.size();
    descending += static_cast<std::size_t>(std::count_if(group.runs.begin(), group.runs.end(), first_descent));
  }
  if (descending == 0) return;
  tell(fmt::format(
      "in {} of {} run{} '{}' goes down in the course of the file, as if several curves were taken for one: "
      "is a column missing in --by, --run or --where?",
      descending, runs, runs == 1 ? "" : "s", progress_column(options.selection)));
}

// What is fitted: the points of each group, made when it is its turn (that may throw for one group alone).
struct Group {
  std::vector<std::string> key;
  std::function<FitData()> data;
};

struct Groups {
  std::vector<RunGroup> runs;  // one each, of the first arm where there are two
  std::vector<Group> groups;
  std::int64_t dropped = 0;
};

Groups groups_of(const FitOptions& options, const CsvTable& table) {
  const Observations observations = observations_from(table, options.selection);
  tell_dropped(observations.dropped_empty, options.selection.loss);
  if (!options.selection.run.empty()) tell_mixed(options, observations);
  Groups result;
  result.dropped = observations.dropped_empty;
  result.runs = observations.groups;
  for (const RunGroup& group : observations.groups) {
    result.groups.push_back({group.key, [&options, group] {
                               require_one_run(options, group);
                               return fit_data_of(group, options.points);
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

Groups paired_groups_of(const FitOptions& options, const CsvTable& table) {
  const Observations a = observations_from(table, selection_of_arm(options, options.arms->a));
  const Observations b = observations_from(table, selection_of_arm(options, options.arms->b));
  Groups result;
  result.dropped = a.dropped_empty + b.dropped_empty;
  tell_dropped(result.dropped, options.selection.loss);
  tell_mixed(options, a);
  result.runs = a.groups;
  for (const RunGroup& group : b.groups) {
    if (same_group(a.groups, group).runs.empty()) result.runs.push_back({group.key, {}});
  }
  for (const RunGroup& group : result.runs) {
    result.groups.push_back({group.key, [&options, group, other = same_group(b.groups, group)] {
                               return paired_data_of(group, other, options.points, group_name(options, group.key));
                             }});
  }
  return result;
}

std::vector<Target> targets_asked(const FitOptions& options, const std::vector<RunGroup>& groups) {
  if (options.project_from.empty()) return options.project;
  const std::vector<Target> targets = targets_from(CsvTable::read(options.project_from), selection_of_targets(options));
  const std::vector<std::string> strangers = keys_without_group(targets, groups);
  if (!strangers.empty()) tell(fmt::format("no group of the data answers {}", joined(strangers)));
  return targets;
}

GroupFitOptions group_options(const FitOptions& options, bool backtest) {
  GroupFitOptions result;
  result.law = options.law;
  result.loss = options.loss;
  result.resamples = options.bootstrap;
  result.seed = options.seed;
  result.threads =
      static_cast<int>(options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency()));
  result.backtest = backtest;
  result.diagnostics = !options.report.empty();
  result.target_losses = options.target_losses;
  result.stop = interrupted;
  return result;
}

void tell_about(const GroupFit& group, const FitOptions& options) {
  const LawFit& fit = group.estimate.fit;
  for (const std::string& words : fit.degenerate) tell(fmt::format("{}: {}", group.name, words));
  if (group.estimate.interval_method.empty()) {
    const std::size_t fewest = shape(fit.law).coordinates() + 1;
    const char* unit = group.data.clustered() || !group.data.cluster_names.empty() ? "run" : "point";
    if (fit.clusters < static_cast<std::int64_t>(fewest)) {
      tell(fmt::format("{}: {} {}{}: at least {} determine an interval, so those cells are empty", group.name,
                       fit.clusters, unit, fit.clusters == 1 ? "" : "s", fewest));
    } else if (options.loss.huber_delta) {
      tell(
          fmt::format("{}: under Huber's loss intervals come from resampling: --bootstrap N; without it those cells "
                      "are empty",
                      group.name));
    }
  }
  if (group.estimate.floor_status == FloorStatus::not_identified) {
    tell(
        fmt::format("{}: the floor is not identified: its interval reaches zero; far from the data laws with and "
                    "without one differ",
                    group.name));
  }
  if (group.backtest && !group.backtest->impossible.empty()) {
    tell(fmt::format("{}: {}", group.name, group.backtest->impossible));
  }
  for (const auto& [target, prediction] : group.projected) {
    const std::string mark = extrapolation_mark(prediction.extrapolation);
    if (mark.empty()) continue;
    std::vector<std::string> x;
    for (const double one : target.x) x.push_back(shortest(one));
    tell(fmt::format("{}: {} is {:.3g}x the data: {}", group.name, joined(x, ":"), prediction.extrapolation,
                     mark == "extrapolated" ? mark : "to be read with care"));
  }
}

// Fits every group, then throws all that was wrong as one error.
std::vector<GroupFit> fits_of(const FitOptions& options, const Groups& groups, const std::vector<Target>& targets) {
  std::vector<GroupFit> fits;
  std::vector<Problem> problems;
  GroupFitOptions how = group_options(options, options.backtest);
  for (std::size_t i = 0; i < groups.groups.size(); ++i) {
    const std::string name = group_name(options, groups.groups[i].key);
    how.progress = [&](const std::string& doing, std::int64_t done, std::int64_t all) {
      const std::string share = all > 0 ? fmt::format(" {} of {}", done, all) : "";
      show_progress(fmt::format("fit {} of {}: {}: {}{}", i + 1, groups.groups.size(), name, doing, share));
    };
    try {
      fits.push_back(group_fit(groups.groups[i].key, name, groups.groups[i].data(),
                               targets_of(targets, groups.groups[i].key), how));
    } catch (const ConfigError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
    if (interrupted()) throw Interrupted{};
  }
  end_progress();
  if (!problems.empty()) throw ConfigError(std::move(problems));
  return fits;
}

// A second table goes to its file; without one people can read it on stderr, where it spoils no data.
void put(const Table& table, const std::filesystem::path& file, const Output& output) {
  if (!file.empty()) {
    print(table, {output.format, file});
  } else if (!table.rows.empty()) {
    fmt::print(stderr, "{}", rendered(table, TableFormat::text));
  }
}

FitReport report_of(const FitOptions& options, const Groups& groups, const std::vector<GroupFit>& fits) {
  const Selection& selection = options.selection;
  FitReport report;
  report.command = command_line();
  report.inputs = {options.data};
  if (!options.project_from.empty()) report.inputs.push_back(options.project_from);
  report.law = options.law;
  report.loss = options.loss;
  report.compute = selection.x;
  report.parameters = selection.parameters;
  report.tokens = selection.tokens;
  report.loss_column = selection.loss;
  report.weight = selection.weight;
  report.cluster = selection.cluster;
  report.by = selection.by;
  report.run = selection.run;
  if (options.arms) report.pair = options.arms->column + "=" + options.arms->a + "," + options.arms->b;
  report.size = options.size;
  report.where = selection.where;
  report.points = options.points_text;
  report.dropped = groups.dropped;
  report.resamples = options.bootstrap;
  report.seed = options.seed;
  report.groups = fits;
  return report;
}

int fit(const FitFlags& flags) {
  const FitOptions options = fit_options_from(flags);
  const CsvTable data = CsvTable::read(options.data);
  (void)fit_table(options.selection.by, {});  // a by column of a taken name is said before any work
  const Groups groups = options.arms ? paired_groups_of(options, data) : groups_of(options, data);
  const std::vector<Target> targets = targets_asked(options, groups.runs);
  const std::vector<GroupFit> fits = fits_of(options, groups, targets);
  for (const GroupFit& group : fits) tell_about(group, options);
  const std::vector<std::string>& by = options.selection.by;
  if (!targets.empty()) put(projections_table(by, options.law, fits), options.projections, options.output);
  if (!options.target_losses.empty()) put(targets_table(by, options.law, fits), options.targets, options.output);
  if (!options.report.empty()) write_fit_report(options.report, report_of(options, groups, fits));
  print(fit_table(by, fits), options.output);
  return 0;
}

}  // namespace

void add_fit(CLI::App& program, Action& chosen) {
  const auto flags = std::make_shared<FitFlags>();
  CLI::App& command = added_fit_command(program, *flags);
  command.callback([flags, &chosen] { chosen = [flags] { return fit(*flags); }; });
}

}  // namespace mobasim::cli
