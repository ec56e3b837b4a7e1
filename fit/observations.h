// What a law is fitted to: points of (x, loss) with the group and the run they belong to, taken from any CSV.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/csv.h"

namespace mobasim {

struct Point {
  double x = 0;     // compute, or whatever column was named
  double loss = 0;  // nats per token
};

// One training run: its points in the order of the file.
struct TrainingRun {
  std::vector<std::string> key;  // values of the run columns; empty without run columns
  std::vector<Point> points;
};

// The runs of one combination of the `by` columns.
struct RunGroup {
  std::vector<std::string> key;
  std::vector<TrainingRun> runs;
};

// Which points of a run enter a fit.
struct PointRule {
  enum class Kind { all, last, tail } kind = Kind::all;  // last: the point of the largest x (of equals, the later one)
  double tail = 0;  // tail:F keeps the points with x >= (1 - F) * the run's largest x; 0 < F <= 1
};

[[nodiscard]] PointRule point_rule_from(const std::string& text);  // "all", "last", "tail:0.05"; throws ConfigError

// What a run is where no run columns are named.
enum class WithoutRunColumns {
  each_row_is_a_run,   // rows are independent observations
  each_group_is_a_run  // a group's rows are one training curve
};

struct Selection {
  std::string x = {}, loss = {};               // columns
  std::vector<std::string> by = {}, run = {};  // columns
  std::vector<std::string> where = {};  // "COL=VALUE", all must hold: numbers are compared as numbers, all else as text
  WithoutRunColumns without_run_columns = WithoutRunColumns::each_row_is_a_run;
};

struct Observations {
  std::vector<RunGroup> groups;    // in the order of first appearance
  std::int64_t dropped_empty = 0;  // rows without a loss
};

// Throws ConfigError: missing column, x or loss that is not a positive finite number (with its place), a condition that
// no row meets, nothing left.
[[nodiscard]] Observations observations_from(const CsvTable& table, const Selection& selection);
// The largest x of a run, where it ends; 0 without points.
[[nodiscard]] double largest_x(const TrainingRun& run);
[[nodiscard]] std::vector<Point> chosen_points(const TrainingRun& run, const PointRule& rule);
[[nodiscard]] std::vector<Point> chosen_points(const RunGroup& group, const PointRule& rule);  // pooled
// Index of the first point whose x is below that of the point before it: within one training curve compute only grows,
// so that this is a sign of several runs taken for one.
[[nodiscard]] std::optional<std::size_t> first_descent(const TrainingRun& run);

}  // namespace mobasim
