// What a law is fitted to: points of (x, loss) with the group and the run they belong to, taken from any CSV.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/csv.h"

namespace mobasim {

struct Point {
  double x = 0;           // compute, or whatever column was named; of two inputs, the parameters
  double loss = 0;        // nats per token
  double tokens = 0;      // the second input; 0: there is one input
  double weight = 1;      // in the objective
  std::int64_t line = 0;  // in the file; 0: none
};

// What grows along a training run: tokens, or x where it is the only input.
[[nodiscard]] inline double progress(const Point& point) { return point.tokens > 0 ? point.tokens : point.x; }

// One training run: its points in the order of the file.
struct TrainingRun {
  std::vector<std::string> key;  // values of the run columns; empty without run columns
  std::vector<Point> points;
  std::string cluster = {};  // value of the cluster column: runs of one value are not independent; empty: it is alone
};

// The runs of one combination of the `by` columns.
struct RunGroup {
  std::vector<std::string> key;
  std::vector<TrainingRun> runs;
};

// Which points of a run enter a fit.
struct PointRule {
  enum class Kind {
    all,
    last,  // the point of the most progress (of equals, the later one)
    tail,  // those with progress >= (1 - fraction) of the run's most
    mean,  // one point: geometric means of loss and inputs over the tail, arithmetic mean of the weights
    after  // those with progress >= fraction of the run's most: without the warm-up
  } kind = Kind::all;
  double fraction = 0;  // of tail, mean and after; 0 < F <= 1
};

// "all", "last", "tail:0.05", "mean:0.05", "after:0.1"; throws ConfigError
[[nodiscard]] PointRule point_rule_from(const std::string& text);

// What a run is where no run columns are named.
enum class WithoutRunColumns {
  each_row_is_a_run,   // rows are independent observations
  each_group_is_a_run  // a group's rows are one training curve
};

struct Selection {
  std::string x = {}, loss = {};               // columns
  std::vector<std::string> by = {}, run = {};  // columns
  std::vector<std::string> where = {};         // conditions (fit/data/condition.h), all must hold
  WithoutRunColumns without_run_columns = WithoutRunColumns::each_row_is_a_run;
  std::string parameters = {}, tokens = {};  // columns of two inputs, in place of x
  std::string weight = {}, cluster = {};     // columns; empty: every weight is 1, every run is its own cluster
};

struct Observations {
  std::vector<RunGroup> groups;    // in the order of first appearance
  std::int64_t dropped_empty = 0;  // rows without a loss
};

// Throws ConfigError: missing column; an input, loss or weight that is not a positive finite number, a run in two
// clusters (with their places, the first ten of them); a condition that no row meets; nothing left.
[[nodiscard]] Observations observations_from(const CsvTable& table, const Selection& selection);
// The most progress of a run, where it ends; 0 without points.
[[nodiscard]] double largest_x(const TrainingRun& run);
[[nodiscard]] std::vector<Point> chosen_points(const TrainingRun& run, const PointRule& rule);
[[nodiscard]] std::vector<Point> chosen_points(const RunGroup& group, const PointRule& rule);  // pooled
// Geometric means of the inputs and the loss, arithmetic mean of the weights, and the line of the point of the most
// progress. Throws ConfigError without points.
[[nodiscard]] Point mean_point(const std::vector<Point>& points);
// Index of the first point whose progress is below that of the point before it: within one training curve it only
// grows, so that this is a sign of several runs taken for one.
[[nodiscard]] std::optional<std::size_t> first_descent(const TrainingRun& run);

}  // namespace mobasim
