// mobasim fit: a loss law through the points of any CSV, one row per group, and what follows from it.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <utility>

#include "cli/command.h"
#include "cli/fit/notes.h"
#include "cli/fit/options.h"
#include "cli/fit/report.h"
#include "cli/fit/tables.h"
#include "fit/data/fit_points.h"
#include "fit/prediction/group_fit.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/parallel.h"
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
  std::function<std::optional<PairedArms>()> arms = [] { return std::nullopt; };  // of a paired law
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
    const RunGroup other = same_group(b.groups, group);
    result.groups.push_back(
        {group.key,
         [&options, group, other] {
           return paired_data_of(group, other, options.points, group_name(options, group.key));
         },
         [&options, group, other] {
           return PairedArms{fit_data_of(group, options.points), fit_data_of(other, options.points)};
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

GroupFitOptions group_options(const FitOptions& options) {
  GroupFitOptions result;
  result.law = options.law;
  result.loss = options.loss;
  result.resamples = options.bootstrap;
  result.seed = options.seed;
  result.threads = threads_of(options.threads);
  result.backtest = options.backtest;
  result.diagnostics = !options.report.empty();
  result.target_losses = options.target_losses;
  return result;
}

// Fits every group, then throws all that was wrong as one error.
std::vector<GroupFit> fits_of(const FitOptions& options, const Groups& groups, const std::vector<Target>& targets) {
  std::vector<GroupFit> fits;
  std::vector<Problem> problems;
  GroupFitOptions how = group_options(options);
  for (std::size_t i = 0; i < groups.groups.size(); ++i) {
    const std::string name = group_name(options, groups.groups[i].key);
    how.progress = terminal_progress().after(fmt::format("fit {} of {}: {}: ", i + 1, groups.groups.size(), name));
    try {
      const Group& group = groups.groups[i];
      fits.push_back(group_fit(group.key, name, group.data(), targets_of(targets, group.key), how, group.arms()));
    } catch (const ConfigError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
    how.progress.check();
  }
  end_progress();
  if (!problems.empty()) throw ConfigError(std::move(problems));
  return fits;
}

FitReport report_of(const FitOptions& options, const Groups& groups, const std::vector<GroupFit>& fits) {
  const Selection& selection = options.selection;
  FitReport report;
  report.command = command_line();
  report.inputs = {options.data};
  if (!options.project_from.empty()) report.inputs.push_back(options.project_from);
  report.law = options.law;
  report.loss = options.loss;
  report.definition = options.definition;
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

// What is to be written: all of it is made before any of it is written.
struct Results {
  std::vector<FileContent> files;
  std::string for_people, data;  // on stderr and stdout
};

std::string in_form(const Table& table, const Output& output) {
  const TableFormat format = table_format(output);
  return rendered(format == TableFormat::text ? without_empty_columns(table) : table, format);
}

// A second table goes to its file; without one people can read it on stderr, where it spoils no data.
void add(Results& results, const Table& table, const std::filesystem::path& file, const Output& output) {
  if (!file.empty()) {
    results.files.push_back({file, in_form(table, output)});
  } else if (!table.rows.empty()) {
    results.for_people += rendered(without_empty_columns(table), TableFormat::text);
  }
}

Results results_of(const FitOptions& options, const Groups& groups, bool projected, const std::vector<GroupFit>& fits) {
  const std::vector<std::string>& by = options.selection.by;
  Results results;
  if (projected) add(results, projections_table(by, options.law, fits), options.projections, options.output);
  if (!options.target_losses.empty()) {
    add(results, targets_table(by, options.law, fits), options.targets, options.output);
  }
  if (!options.report.empty()) {
    const FitReport report = report_of(options, groups, fits);
    results.files.push_back(
        {options.report, options.report.extension() == ".html" ? html_of(report) : text_of(report)});
  }
  results.data = in_form(fit_table(by, fits), options.output);
  if (!options.output.file.empty()) results.files.push_back({options.output.file, std::exchange(results.data, "")});
  return results;
}

// Files are written all or none; devices, which cannot be replaced, after them.
void write(const Results& results) {
  std::vector<FileContent> files, devices;
  for (const FileContent& file : results.files) {
    const auto kind = std::filesystem::status(file.path).type();
    const bool device = kind == std::filesystem::file_type::character || kind == std::filesystem::file_type::fifo ||
                        kind == std::filesystem::file_type::block || kind == std::filesystem::file_type::socket;
    (device ? devices : files).push_back(file);
  }
  write_files(files);
  for (const FileContent& device : devices) write_file(device.path, device.content);
  std::fputs(results.for_people.c_str(), stderr);
  print(results.data);
}

// A by column of a taken name is said before any work.
void require_own_names(const FitOptions& options, bool projected) {
  const std::vector<std::string>& by = options.selection.by;
  (void)fit_table(by, {});
  if (projected) (void)projections_table(by, options.law, {});
  if (!options.target_losses.empty()) (void)targets_table(by, options.law, {});
}

int fit(const FitFlags& flags) {
  const FitOptions options = fit_options_from(flags);
  const bool projected = !options.project.empty() || !options.project_from.empty();
  require_own_names(options, projected);
  const CsvTable data = CsvTable::read(options.data);
  const Groups groups = options.arms ? paired_groups_of(options, data) : groups_of(options, data);
  const std::vector<Target> targets = targets_asked(options, groups.runs);
  const std::vector<GroupFit> fits = fits_of(options, groups, targets);
  const Results results = results_of(options, groups, projected, fits);
  for (const std::string& note : notes_on(fits, options)) tell(note);
  write(results);
  return 0;
}

}  // namespace

void add_fit(Command program) {
  const auto flags = std::make_shared<FitFlags>();
  Command command = added_fit_command(program, *flags);
  command.action([flags] { return fit(*flags); });
}

}  // namespace mobasim::cli
