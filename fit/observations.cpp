#include "fit/observations.h"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

using Columns = std::vector<std::size_t>;

Columns columns_of(const CsvTable& table, const std::vector<std::string>& names) {
  Columns columns;
  for (const std::string& name : names) {
    columns.push_back(table.column(name));
    if (std::count(columns.begin(), columns.end(), columns.back()) > 1) {
      throw ConfigError({table.file(), 0, 0}, fmt::format("column '{}' is named twice", name));
    }
  }
  return columns;
}

// One "COL=VALUE".
struct Condition {
  std::string text;
  std::size_t column = 0;
  std::string value;
  std::optional<double> number;  // of the value, if it is one
};

std::vector<Condition> conditions_from(const CsvTable& table, const std::vector<std::string>& texts) {
  std::vector<Condition> conditions;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw ConfigError(fmt::format("'{}' is no condition: COL=VALUE expected", text));
    }
    const std::string value = text.substr(equals + 1);
    conditions.push_back({text, table.column(text.substr(0, equals)), value, finite_number(value)});
  }
  return conditions;
}

bool holds(const Condition& condition, const CsvTable& table, std::size_t row) {
  const std::string_view text = table.text(row, condition.column);
  if (text == condition.value) return true;
  if (!condition.number) return false;
  const std::optional<double> number = finite_number(text);
  return number && *number == *condition.number;
}

// A condition that no row of the whole table meets is a slip: says what the column does hold.
void require_met(const Condition& condition, const CsvTable& table) {
  constexpr std::size_t kMostNamed = 10;
  std::vector<std::string> values;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (holds(condition, table, row)) return;
    const std::string value(table.text(row, condition.column));
    if (values.size() <= kMostNamed && std::find(values.begin(), values.end(), value) == values.end()) {
      values.push_back(value);
    }
  }
  const std::string hint = suggestion(condition.value, values);
  if (values.size() > kMostNamed) values[kMostNamed] = "...";
  throw ConfigError({table.file(), 0, 0}, fmt::format("no row has {}; the column '{}' holds {}{}", condition.text,
                                                      table.columns()[condition.column], joined(values), hint));
}

double positive_number(const CsvTable& table, std::size_t row, std::size_t column) {
  const double value = table.number(row, column);
  if (!(value > 0)) {
    throw ConfigError(table.where(row, column), fmt::format("'{}' is {}: a number above 0 is wanted",
                                                            table.columns()[column], table.text(row, column)));
  }
  return value;
}

std::vector<std::string> texts_of(const CsvTable& table, std::size_t row, const Columns& columns) {
  std::vector<std::string> texts;
  for (const std::size_t column : columns) texts.emplace_back(table.text(row, column));
  return texts;
}

// One text for the values of several columns; text files hold no NUL.
void append_key(std::string& key, const CsvTable& table, std::size_t row, const Columns& columns) {
  for (const std::size_t column : columns) {
    key += table.text(row, column);
    key += '\0';
  }
}

// Sorts rows into groups and runs, each in the order of first appearance.
class Sorter {
 public:
  Sorter(const CsvTable& table, const Selection& selection)
      : table_(table),
        by_(columns_of(table, selection.by)),
        run_(columns_of(table, selection.run)),
        each_row_is_a_run_(run_.empty() && selection.without_run_columns == WithoutRunColumns::each_row_is_a_run) {}

  void add(std::size_t row, const Point& point) {
    key_.clear();
    append_key(key_, table_, row, by_);
    const auto [group, new_group] = groups_.try_emplace(key_, result_.size());
    if (new_group) result_.push_back({texts_of(table_, row, by_), {}});
    std::vector<TrainingRun>& runs = result_[group->second].runs;
    if (each_row_is_a_run_) {
      runs.push_back({{}, {point}});
      return;
    }
    append_key(key_, table_, row, run_);
    const auto [run, new_run] = runs_.try_emplace(key_, runs.size());
    if (new_run) runs.push_back({texts_of(table_, row, run_), {}});
    runs[run->second].points.push_back(point);
  }

  std::vector<RunGroup> take() { return std::move(result_); }

 private:
  const CsvTable& table_;
  const Columns by_, run_;
  const bool each_row_is_a_run_;
  std::string key_;
  std::unordered_map<std::string, std::size_t> groups_, runs_;
  std::vector<RunGroup> result_;
};

}  // namespace

PointRule point_rule_from(const std::string& text) {
  constexpr std::string_view kTail = "tail:";
  if (text == "all") return {PointRule::Kind::all, 0};
  if (text == "last") return {PointRule::Kind::last, 0};
  if (text.starts_with(kTail)) {
    const std::optional<double> fraction = finite_number(text.substr(kTail.size()));
    if (fraction && *fraction > 0 && *fraction <= 1) return {PointRule::Kind::tail, *fraction};
    throw ConfigError(fmt::format("'{}': the tail must be a fraction above 0 and up to 1, as in tail:0.05", text));
  }
  throw ConfigError(fmt::format("'{}' is no rule for points; all, last or tail:F (as in tail:0.05) expected", text));
}

Observations observations_from(const CsvTable& table, const Selection& selection) {
  const std::size_t x_column = table.column(selection.x);
  const std::size_t loss_column = table.column(selection.loss);
  const std::vector<Condition> conditions = conditions_from(table, selection.where);
  for (const Condition& condition : conditions) require_met(condition, table);

  Observations result;
  Sorter sorter(table, selection);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto holds_here = [&](const Condition& condition) { return holds(condition, table, row); };
    if (!std::all_of(conditions.begin(), conditions.end(), holds_here)) continue;
    if (table.empty(row, loss_column)) {
      ++result.dropped_empty;
      continue;
    }
    const double x = positive_number(table, row, x_column);
    sorter.add(row, {x, positive_number(table, row, loss_column)});
  }
  result.groups = sorter.take();
  if (result.groups.empty()) {
    throw ConfigError({table.file(), 0, 0},
                      fmt::format("no row is left to fit: {} rows, {} of those that meet every condition without '{}'",
                                  table.rows(), result.dropped_empty, selection.loss));
  }
  return result;
}

double largest_x(const TrainingRun& run) {
  double largest = 0;
  for (const Point& point : run.points) largest = std::max(largest, point.x);
  return largest;
}

std::vector<Point> chosen_points(const TrainingRun& run, const PointRule& rule) {
  if (rule.kind == PointRule::Kind::all) return run.points;
  const double largest = largest_x(run);
  if (rule.kind == PointRule::Kind::last) {
    const auto last =
        std::find_if(run.points.rbegin(), run.points.rend(), [&](const Point& p) { return p.x == largest; });
    return last == run.points.rend() ? std::vector<Point>{} : std::vector<Point>{*last};
  }
  std::vector<Point> chosen;
  for (const Point& point : run.points) {
    if (point.x >= (1 - rule.tail) * largest) chosen.push_back(point);
  }
  return chosen;
}

std::vector<Point> chosen_points(const RunGroup& group, const PointRule& rule) {
  std::vector<Point> pooled;
  for (const TrainingRun& run : group.runs) {
    const std::vector<Point> chosen = chosen_points(run, rule);
    pooled.insert(pooled.end(), chosen.begin(), chosen.end());
  }
  return pooled;
}

std::optional<std::size_t> first_descent(const TrainingRun& run) {
  for (std::size_t i = 1; i < run.points.size(); ++i) {
    if (run.points[i].x < run.points[i - 1].x) return i;
  }
  return std::nullopt;
}

}  // namespace mobasim
