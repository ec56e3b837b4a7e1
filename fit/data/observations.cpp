#include "fit/data/observations.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "fit/data/cells.h"
#include "fit/data/condition.h"
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
        each_row_is_a_run_(run_.empty() && selection.without_run_columns == WithoutRunColumns::each_row_is_a_run) {
    if (!selection.cluster.empty()) cluster_ = table.column(selection.cluster);
  }

  void add(std::size_t row, const Point& point, CellProblems& problems) {
    key_.clear();
    append_key(key_, table_, row, by_);
    const auto [group, new_group] = groups_.try_emplace(key_, result_.size());
    if (new_group) result_.push_back({texts_of(table_, row, by_), {}});
    std::vector<TrainingRun>& runs = result_[group->second].runs;
    if (each_row_is_a_run_) {
      runs.push_back({{}, {point}, cluster_of(row, problems)});
      return;
    }
    append_key(key_, table_, row, run_);
    const auto [found, new_run] = runs_.try_emplace(key_, runs.size());
    if (new_run) runs.push_back({texts_of(table_, row, run_), {}, cluster_of(row, problems)});
    TrainingRun& run = runs[found->second];
    if (!new_run) require_same_cluster(run, row, problems);
    run.points.push_back(point);
  }

  std::vector<RunGroup> take() { return std::move(result_); }

 private:
  std::string cluster_of(std::size_t row, CellProblems& problems) const {
    if (!cluster_) return {};
    if (table_.empty(row, *cluster_)) {
      problems.add(row, *cluster_, [&] {
        return fmt::format("'{}' is empty: it tells which cluster the row belongs to", table_.columns()[*cluster_]);
      });
    }
    return std::string(table_.text(row, *cluster_));
  }

  void require_same_cluster(const TrainingRun& run, std::size_t row, CellProblems& problems) const {
    if (!cluster_ || table_.text(row, *cluster_) == run.cluster) return;
    problems.add(row, *cluster_, [&] {
      return fmt::format("'{}' is {} here and {} in line {}, which is of the same run{}; a run is in one cluster",
                         table_.columns()[*cluster_], table_.text(row, *cluster_), run.cluster, run.points.front().line,
                         run.key.empty() ? "" : " (" + joined(run.key) + ")");
    });
  }

  const CsvTable& table_;
  const Columns by_, run_;
  const bool each_row_is_a_run_;
  std::optional<std::size_t> cluster_;
  std::string key_;
  std::unordered_map<std::string, std::size_t> groups_, runs_;
  std::vector<RunGroup> result_;
};

// Where the numbers of a point stand.
struct PointColumns {
  std::size_t x = 0, loss = 0;
  std::optional<std::size_t> tokens, weight;
};

PointColumns point_columns(const CsvTable& table, const Selection& selection) {
  PointColumns columns;
  columns.x = table.column(selection.tokens.empty() ? selection.x : selection.parameters);
  if (!selection.tokens.empty()) columns.tokens = table.column(selection.tokens);
  columns.loss = table.column(selection.loss);
  if (!selection.weight.empty()) columns.weight = table.column(selection.weight);
  return columns;
}

// The point of a row; nothing, and its problems, where a number of it is bad.
std::optional<Point> point_of(const CsvTable& table, std::size_t row, const PointColumns& columns,
                              CellProblems& problems) {
  constexpr const char* kWhere = "--where";
  const std::optional<double> x = problems.positive_number(row, columns.x, kWhere);
  const std::optional<double> tokens = columns.tokens ? problems.positive_number(row, *columns.tokens, kWhere) : 0.0;
  const std::optional<double> loss = problems.positive_number(row, columns.loss);
  const std::optional<double> weight = columns.weight ? problems.positive_number(row, *columns.weight, kWhere) : 1.0;
  if (!x || !tokens || !loss || !weight) return std::nullopt;
  return Point{*x, *loss, *tokens, *weight, table.line(row)};
}

std::string why_none_is_left(const CsvTable& table, const Selection& selection, std::int64_t dropped) {
  if (table.rows() == 0) return "no row is left to fit: it has a header only";
  if (dropped > 0) {
    return fmt::format("no row is left to fit: '{}' is empty in all {} that could be", selection.loss, dropped);
  }
  return fmt::format("no row is left to fit: none of its {} rows meets {} at once", table.rows(),
                     joined(selection.where, " and "));
}

// The point of the most progress, of equals the later one; `points` has one.
const Point& last_point(const std::vector<Point>& points) {
  const Point* last = &points.front();
  for (const Point& point : points) {
    if (progress(point) >= progress(*last)) last = &point;
  }
  return *last;
}

}  // namespace

PointRule point_rule_from(const std::string& text) {
  if (text == "all") return {PointRule::Kind::all, 0};
  if (text == "last") return {PointRule::Kind::last, 0};
  constexpr std::array<std::pair<std::string_view, PointRule::Kind>, 3> kWithFraction = {
      {{"tail", PointRule::Kind::tail}, {"mean", PointRule::Kind::mean}, {"after", PointRule::Kind::after}}};
  for (const auto& [word, kind] : kWithFraction) {
    if (!text.starts_with(word) || text.substr(word.size(), 1) != ":") continue;
    const std::optional<double> fraction = finite_number(text.substr(word.size() + 1));
    if (fraction && *fraction > 0 && *fraction <= 1) return {kind, *fraction};
    throw ConfigError(fmt::format("'{}': {} must be a fraction above 0 and up to 1, as in {}:0.05", text,
                                  kind == PointRule::Kind::after ? "the warm-up" : "the tail", word));
  }
  throw ConfigError(
      fmt::format("'{}' is no rule for points; all, last, tail:F, mean:F or after:F (as in tail:0.05) expected", text));
}

Observations observations_from(const CsvTable& table, const Selection& selection) {
  const PointColumns columns = point_columns(table, selection);
  const RowFilter filter(table, selection.where);
  Observations result;
  CellProblems problems(table);
  Sorter sorter(table, selection);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const RowFilter::Answer answer = filter(row);
    if (answer == RowFilter::Answer::out) continue;
    if (table.empty(row, columns.loss)) {
      ++result.dropped_empty;
      continue;
    }
    if (answer == RowFilter::Answer::unclear) filter.tell_unclear(row, problems);
    if (const std::optional<Point> point = point_of(table, row, columns, problems)) sorter.add(row, *point, problems);
  }
  problems.throw_if_any();
  result.groups = sorter.take();
  if (result.groups.empty()) {
    throw ConfigError({table.file(), 0, 0}, why_none_is_left(table, selection, result.dropped_empty));
  }
  return result;
}

double largest_x(const TrainingRun& run) {
  double largest = 0;
  for (const Point& point : run.points) largest = std::max(largest, progress(point));
  return largest;
}

std::vector<Point> chosen_points(const TrainingRun& run, const PointRule& rule) {
  if (rule.kind == PointRule::Kind::all || run.points.empty()) return run.points;
  if (rule.kind == PointRule::Kind::last) return {last_point(run.points)};
  const double from = (rule.kind == PointRule::Kind::after ? rule.fraction : 1 - rule.fraction) * largest_x(run);
  std::vector<Point> chosen;
  for (const Point& point : run.points) {
    if (progress(point) >= from) chosen.push_back(point);
  }
  if (rule.kind == PointRule::Kind::mean) return {mean_point(chosen)};
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

Point mean_point(const std::vector<Point>& points) {
  if (points.empty()) throw ConfigError("no points to take a mean of");
  if (points.size() == 1) return points.front();
  double log_x = 0, log_loss = 0, log_tokens = 0, weight = 0;
  for (const Point& point : points) {
    log_x += std::log(point.x);
    log_loss += std::log(point.loss);
    if (point.tokens > 0) log_tokens += std::log(point.tokens);
    weight += point.weight;
  }
  const double n = static_cast<double>(points.size());
  const double tokens = points.front().tokens > 0 ? std::exp(log_tokens / n) : 0;
  return {std::exp(log_x / n), std::exp(log_loss / n), tokens, weight / n, last_point(points).line};
}

std::optional<std::size_t> first_descent(const TrainingRun& run) {
  for (std::size_t i = 1; i < run.points.size(); ++i) {
    if (progress(run.points[i]) < progress(run.points[i - 1])) return i;
  }
  return std::nullopt;
}

}  // namespace mobasim
