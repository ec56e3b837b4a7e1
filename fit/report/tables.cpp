#include "fit/report/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

// Empty where there is no number: not determined, not asked for, beyond what a double holds.
Cell number(double value) { return std::isfinite(value) ? Cell(value) : Cell(std::monostate{}); }
Cell number(const std::optional<double>& value) { return value ? number(*value) : Cell(std::monostate{}); }

Table with_columns(const std::vector<std::string>& by, const std::vector<std::string>& own) {
  for (const std::string& name : by) {
    if (std::ranges::find(own, name) == own.end()) continue;
    throw ConfigError(fmt::format("--by {}: the result has a column of that name itself; rename it in the data", name));
  }
  Table table{by, {}};
  table.columns.insert(table.columns.end(), own.begin(), own.end());
  return table;
}

std::vector<Cell> begun_row(const GroupFit& group) { return {group.key.begin(), group.key.end()}; }

void append(std::vector<Cell>& row, const std::vector<Cell>& cells) {
  row.insert(row.end(), cells.begin(), cells.end());
}

std::vector<std::string> fit_columns() {
  std::vector<std::string> columns = {"law", "n", "clusters", "objective"};
  const std::vector<std::string>& names = all_parameter_names();
  columns.insert(columns.end(), names.begin(), names.end());
  for (const std::string& name : names) columns.insert(columns.end(), {name + "_lo", name + "_hi"});
  for (const char* name :
       {"floor_status", "starts", "hits", "solvers_apart", "intervals", "x_min", "x_max", "parameters_min",
        "parameters_max", "tokens_min", "tokens_max", "backtest", "backtest_held_out", "backtest_rms_error",
        "backtest_rate", "unpaired_s", "unpaired_s_lo", "unpaired_s_hi", "notes"}) {
    columns.emplace_back(name);
  }
  return columns;
}

// Values and their intervals in the columns of all laws; those of other laws are empty.
std::vector<Cell> parameter_cells(const GroupFit& group) {
  const std::vector<std::string> names = parameter_names(group.estimate.fit.law);
  const std::vector<double> values = parameters(group.estimate.fit.law);
  std::vector<Cell> cells, ends;
  for (const std::string& name : all_parameter_names()) {
    const auto at = std::ranges::find(names, name);
    if (at == names.end()) {
      cells.emplace_back();
      ends.insert(ends.end(), 2, Cell{});
      continue;
    }
    const auto index = static_cast<std::size_t>(at - names.begin());
    const Interval& interval = group.estimate.intervals[index];
    // A coefficient that no number can hold came out as infinity or 0: its cell is empty, and the notes say it.
    const LawFit& fit = group.estimate.fit;
    const bool beyond = values[index] == 0 && natural_parameter(fit, index).exponential && !std::isinf(fit.at[index]);
    cells.push_back(beyond ? Cell{} : number(values[index]));
    append(ends, {number(interval.lo), number(interval.hi)});
  }
  append(cells, ends);
  return cells;
}

std::vector<Cell> range_cells(const LawFit& fit) {
  const Interval &first = fit.range[0], &second = fit.range[1];
  const Cell none;
  if (shape(fit.law).inputs == 1) return {first.lo, first.hi, none, none, none, none};
  return {none, none, first.lo, first.hi, second.lo, second.hi};
}

std::vector<Cell> backtest_cells(const GroupFit& group) {
  const Cell none;
  if (!group.backtest) return {none, none, none, none};
  const Backtest& backtest = *group.backtest;
  if (!backtest.impossible.empty()) return {backtest.impossible, none, none, none};
  return {fmt::format("{} origins", backtest.origins), static_cast<std::int64_t>(backtest.held_out.size()),
          backtest.rms_error, backtest.rate};
}

// Of a paired law: what its arms tell without pairing.
std::vector<Cell> unpaired_cells(const GroupFit& group) {
  if (!group.unpaired) return std::vector<Cell>(3);
  return {group.unpaired->s, number(group.unpaired->interval.lo), number(group.unpaired->interval.hi)};
}

// The columns of a law's inputs.
std::vector<std::string> input_columns(const LossLaw& law) {
  if (shape(law).inputs == 1) return {"x"};
  return {"parameters", "tokens"};
}

}  // namespace

std::string extrapolation_mark(double extrapolation) {
  if (extrapolation > kExtrapolated) return "extrapolated";
  return extrapolation > kWarnedExtrapolation ? "beyond 3x" : "";
}

Table without_empty_columns(const Table& table) {
  const auto is_empty = [](const Cell& cell) {
    const auto* text = std::get_if<std::string>(&cell);
    return std::holds_alternative<std::monostate>(cell) || (text != nullptr && text->empty());
  };
  Table result;
  result.rows.resize(table.rows.size());
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    if (std::ranges::all_of(table.rows, [&](const auto& row) { return is_empty(row[column]); })) continue;
    result.columns.push_back(table.columns[column]);
    for (std::size_t row = 0; row < table.rows.size(); ++row) result.rows[row].push_back(table.rows[row][column]);
  }
  return result;
}

Table fit_table(const std::vector<std::string>& by, const std::vector<GroupFit>& groups) {
  Table table = with_columns(by, fit_columns());
  for (const GroupFit& group : groups) {
    const LawFit& fit = group.estimate.fit;
    std::vector<Cell> row = begun_row(group);
    append(row, {std::string(name(fit.law)), fit.points, fit.clusters, fit.objective});
    append(row, parameter_cells(group));
    append(row, {std::string(name(group.estimate.floor_status)), fit.starts, fit.hits, fit.solvers_apart,
                 group.estimate.interval_method});
    append(row, range_cells(fit));
    append(row, backtest_cells(group));
    append(row, unpaired_cells(group));
    row.emplace_back(joined(fit.degenerate, "; "));
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table projections_table(const std::vector<std::string>& by, const LossLaw& law, const std::vector<GroupFit>& groups) {
  std::vector<std::string> columns = input_columns(law);
  for (const char* name : {"predicted", "lo", "hi", "extrapolation", "observed", "error", "mark", "mean_lo", "mean_hi",
                           "band", "other_law", "other_predicted"}) {
    columns.emplace_back(name);
  }
  Table table = with_columns(by, columns);
  for (const GroupFit& group : groups) {
    for (const auto& [target, prediction, other] : group.projected) {
      std::vector<Cell> row = begun_row(group);
      for (const double x : target.x) row.emplace_back(x);
      std::optional<double> error;
      if (target.observed) error = prediction.value / *target.observed - 1;
      const bool banded = std::isfinite(prediction.band.hi);
      const auto end = [&](double value) { return banded ? number(value) : Cell{}; };
      append(row, {number(prediction.value), end(prediction.band.lo), end(prediction.band.hi), prediction.extrapolation,
                   number(target.observed), number(error), extrapolation_mark(prediction.extrapolation),
                   end(prediction.mean.lo), end(prediction.mean.hi),
                   std::string(!banded                              ? "not determined"
                               : group.backtest->impossible.empty() ? "back-tested"
                                                                    : "no back-test possible"),
                   group.other_law, number(other)});
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

Table targets_table(const std::vector<std::string>& by, const LossLaw& law, const std::vector<GroupFit>& groups) {
  const bool split = shape(law).inputs == 2;
  std::vector<std::string> columns = {"loss"};
  for (const std::string& name : input_columns(law)) columns.push_back(name);
  if (split) columns.emplace_back("compute_6nd");
  for (const char* name : {"lo", "hi", "extrapolation", "mark", "note"}) columns.emplace_back(name);
  Table table = with_columns(by, columns);
  for (const GroupFit& group : groups) {
    for (const TargetLoss& target : group.target_losses) {
      std::vector<Cell> row = begun_row(group);
      row.emplace_back(target.loss);
      const bool reached = !target.x.empty();
      for (std::size_t i = 0; i < shape(law).inputs; ++i) row.push_back(reached ? number(target.x[i]) : Cell{});
      const double unit = split ? 6 : 1;  // 6 N D (Kaplan et al. 2020, section 2.1)
      if (split) row.push_back(number(unit * target.product));
      const double lo = unit * target.interval.lo;
      append(row, {lo > 0 ? number(lo) : Cell{}, number(unit * target.interval.hi),
                   reached ? number(target.extrapolation) : Cell{},
                   reached ? extrapolation_mark(target.extrapolation) : "", target.unreached});
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

}  // namespace mobasim
