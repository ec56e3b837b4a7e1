// mobasim fit: a loss law through the points of any CSV, one row per group.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <functional>

#include "cli/command.h"
#include "fit/fitted.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  mobasim fit curves.csv --law p2 --compute compute_pfdays --loss loss --by panel,attention --run model
      --points tail:0.05                    one law per panel and attention from the runs' ends
  mobasim fit curves.csv --law paired --pair attention=moba,full --size model --compute compute_pfdays
      --loss loss --by panel --points tail:0.05
                                            how MoBA's loss over full attention's moves with compute
  mobasim fit runs.csv --law p2 --compute flop --loss loss --where step=20000
                                            independent rows, one law

--points: all takes every point (the default); last the one of a run's largest compute; tail:F those with
compute >= (1 - F) of it. Without --run each row is an observation of its own; with tail:F each group is then one run.
Intervals are 95%; empty cells: fewer than 3 runs determine none.)";

struct FitOptions {
  std::string data, law, points = "all", pair, size;
  Selection selection;
  Output output;
};

// "panel=p, attention=moba", or the file's name where nothing groups.
std::string group_name(const FitOptions& options, const RunGroup& group) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < group.key.size(); ++i) words.push_back(options.selection.by[i] + "=" + group.key[i]);
  return words.empty() ? options.data : joined(words);
}

void tell_dropped(std::int64_t rows, const std::string& loss) {
  if (rows > 0) tell(fmt::format("dropped {} row{} without '{}'", rows, rows == 1 ? "" : "s", loss));
}

// An interval's end is empty where the data determine none, and where it is beyond what a double holds.
Cell cell_of(double value, bool determined) {
  return determined && std::isfinite(value) ? Cell(value) : Cell(std::monostate{});
}

template <class Law>
std::vector<std::string> columns_of(const FitOptions& options) {
  const std::string a(Law::kParameters[0]), b(Law::kParameters[1]);
  std::vector<std::string> columns = options.selection.by;
  for (const std::string& name :
       {std::string("law"), std::string("n"), std::string("objective"), a, b, a + "_lo", a + "_hi", b + "_lo",
        b + "_hi", std::string("clusters"), std::string("x_min"), std::string("x_max")}) {
    if (std::count(columns.begin(), columns.end(), name) > 0) {
      throw ConfigError(
          fmt::format("--by {}: the result has a column of that name itself; rename it in the data", name));
    }
    columns.push_back(name);
  }
  return columns;
}

template <class Law>
std::vector<Cell> row_of(const RunGroup& group, const Fitted<Law>& fit, double scale, double exponent) {
  const bool determined = has_intervals(fit);
  std::vector<Cell> row(group.key.begin(), group.key.end());
  row.insert(row.end(),
             {std::string(Law::kName), fit.points, fit.objective, scale, exponent, cell_of(fit.scale.lo, determined),
              cell_of(fit.scale.hi, determined), cell_of(fit.exponent.lo, determined),
              cell_of(fit.exponent.hi, determined), fit.clusters, fit.x_min, fit.x_max});
  return row;
}

template <class Law>
void tell_undetermined(const Fitted<Law>& fit, const std::string& what) {
  if (has_intervals(fit)) return;
  tell(fmt::format("{}: {} run{}: at least 3 determine an interval, so those cells are empty", what, fit.clusters,
                   fit.clusters == 1 ? "" : "s"));
}

// Does `work` for every group, then throws all that was wrong as one error.
void for_each_group(const std::vector<RunGroup>& groups, const std::function<void(const RunGroup&)>& work) {
  std::vector<Problem> problems;
  for (const RunGroup& group : groups) {
    try {
      work(group);
    } catch (const ConfigError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  }
  if (!problems.empty()) throw ConfigError(std::move(problems));
}

// What a run is when --run does not say it.
void settle_runs(FitOptions& options, const PointRule& rule) {
  if (!options.selection.run.empty()) return;
  if (rule.kind == PointRule::Kind::last) {
    throw ConfigError("--points last keeps one point of each run: name the columns that tell runs apart with --run");
  }
  if (rule.kind == PointRule::Kind::tail) {
    options.selection.without_run_columns = WithoutRunColumns::each_group_is_a_run;
  }
}

void require_one_run(const FitOptions& options, const RunGroup& group) {
  if (options.selection.without_run_columns != WithoutRunColumns::each_group_is_a_run) return;
  const std::vector<Point>& points = group.runs.front().points;
  if (const std::optional<std::size_t> at = first_descent(group.runs.front())) {
    throw ConfigError(fmt::format(
        "{}: '{}' goes down from {} to {}, so that these rows are more than one run: name the "
        "columns that tell runs apart with --run",
        group_name(options, group), options.selection.x, shortest(points[*at - 1].x), shortest(points[*at].x)));
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
      descending, runs, runs == 1 ? "" : "s", options.selection.x));
}

Table power_laws(FitOptions options, const PointRule& rule) {
  if (!options.pair.empty()) throw ConfigError("--pair belongs to --law paired");
  if (!options.size.empty()) throw ConfigError("--size belongs to --law paired");
  settle_runs(options, rule);
  const CsvTable data = CsvTable::read(options.data);
  Table table{columns_of<PowerLaw>(options), {}};
  const Observations observations = observations_from(data, options.selection);
  tell_dropped(observations.dropped_empty, options.selection.loss);
  if (!options.selection.run.empty()) tell_mixed(options, observations);
  for_each_group(observations.groups, [&](const RunGroup& group) {
    const std::string what = group_name(options, group);
    require_one_run(options, group);
    const Fitted<PowerLaw> fit = fitted_power_law(group, rule, what);
    tell_undetermined(fit, what);
    table.rows.push_back(row_of(group, fit, fit.law.a, fit.law.b));
  });
  return table;
}

// --pair COL=A,B as the two conditions "COL=A" and "COL=B".
struct Arms {
  std::string column, a, b;
};

Arms arms_from(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::size_t comma = text.find(',', equals == std::string::npos ? 0 : equals);
  if (equals == std::string::npos || equals == 0 || comma == std::string::npos || comma == equals + 1 ||
      comma + 1 == text.size() || text.find(',', comma + 1) != std::string::npos) {
    throw ConfigError(fmt::format("--pair '{}': COL=A,B expected, as in attention=moba,full", text));
  }
  const std::string column = text.substr(0, equals);
  const std::string a = text.substr(equals + 1, comma - equals - 1), b = text.substr(comma + 1);
  if (a == b) throw ConfigError(fmt::format("--pair '{}': the two arms are the same", text));
  return {column, column + "=" + a, column + "=" + b};
}

// The group of the same key, or one without runs: fitting it then names what is missing.
RunGroup same_group(const std::vector<RunGroup>& groups, const RunGroup& wanted) {
  for (const RunGroup& group : groups) {
    if (group.key == wanted.key) return group;
  }
  return {wanted.key, {}};
}

Selection selection_of_arm(const FitOptions& options, const Arms& arms, const std::string& condition) {
  Selection selection = options.selection;
  if (std::count(selection.by.begin(), selection.by.end(), arms.column) > 0) {
    throw ConfigError(fmt::format("--by {}: --pair joins what that column tells apart", arms.column));
  }
  selection.where.push_back(condition);
  if (std::count(selection.run.begin(), selection.run.end(), options.size) == 0) {
    selection.run.insert(selection.run.begin(), options.size);
  }
  std::erase(selection.run, arms.column);
  return selection;
}

Table paired_laws(const FitOptions& options, const PointRule& rule) {
  if (options.pair.empty()) throw ConfigError("--law paired needs --pair COL=A,B, as in attention=moba,full");
  if (options.size.empty()) throw ConfigError("--law paired needs --size COL: runs of the same size make a pair");
  const Arms arms = arms_from(options.pair);
  const CsvTable data = CsvTable::read(options.data);
  Table table{columns_of<PairedLaw>(options), {}};
  const Observations a = observations_from(data, selection_of_arm(options, arms, arms.a));
  const Observations b = observations_from(data, selection_of_arm(options, arms, arms.b));
  tell_dropped(a.dropped_empty + b.dropped_empty, options.selection.loss);
  tell_mixed(options, a);
  std::vector<RunGroup> groups = a.groups;
  for (const RunGroup& group : b.groups) {
    if (same_group(a.groups, group).runs.empty()) groups.push_back({group.key, {}});
  }
  for_each_group(groups, [&](const RunGroup& group) {
    const std::string what = group_name(options, group);
    const Fitted<PairedLaw> fit = fitted_paired_law(group, same_group(b.groups, group), rule, what);
    table.rows.push_back(row_of(group, fit, fit.law.r, fit.law.s));
  });
  return table;
}

int fit(const FitOptions& options) {
  const PointRule rule = point_rule_from(options.points);
  print(options.law == PairedLaw::kName ? paired_laws(options, rule) : power_laws(options, rule), options.output);
  return 0;
}

}  // namespace

void add_fit(CLI::App& program, Action& chosen) {
  const auto options = std::make_shared<FitOptions>();
  CLI::App& command = *program.add_subcommand("fit", "Fit a loss law to the points of a CSV");
  command.footer(kFooter);
  command.add_option("data", options->data, "CSV file")->required();
  command.add_option("--law", options->law, "p2: L = a x^-b; paired: L_A / L_B = r x^-s")
      ->required()
      ->check(CLI::IsMember(law_names()));
  command.add_option("--compute", options->selection.x, "column of x; its unit is the law's")->required();
  command.add_option("--loss", options->selection.loss, "column of the loss; rows without it are dropped")->required();
  const auto columns = [&](const char* flag, std::vector<std::string>& into, const char* help) {
    command.add_option(flag, into, help)->delimiter(',')->allow_extra_args(false)->type_name("COL[,COL]");
  };
  columns("--by", options->selection.by, "one fit per combination of these columns' values");
  columns("--run", options->selection.run, "what tells training runs apart; points of one run are not independent");
  command.add_option("--points", options->points, "all, last or tail:F (as in tail:0.05)")->capture_default_str();
  command.add_option("--where", options->selection.where, "keep the rows that have it; may be repeated")
      ->allow_extra_args(false)
      ->type_name("COL=VALUE");
  command.add_option("--pair", options->pair, "paired: the two arms")->type_name("COL=A,B");
  command.add_option("--size", options->size, "paired: runs of the same value make a pair")->type_name("COL");
  add_output_options(command, options->output);
  command.callback([options, &chosen] { chosen = [options] { return fit(*options); }; });
}

}  // namespace mobasim::cli
