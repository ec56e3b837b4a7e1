// What a law is fitted to: points of (x, loss) with the group and the run they belong to, taken from any CSV.
#pragma once

#include <filesystem>
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
  std::vector<std::string> key;  // values of the run columns
  std::vector<Point> points;
};

// The runs of one combination of the `by` columns.
struct RunGroup {
  std::vector<std::string> key;
  std::vector<TrainingRun> runs;
};

// Which points of a run enter a fit.
struct PointRule {
  enum class Kind { all, last, tail } kind = Kind::all;
  double tail = 0;  // tail:F keeps the points with x >= (1 - F) * the run's largest x
};

[[nodiscard]] PointRule point_rule_from(const std::string& text);  // "all", "last", "tail:0.05"; throws ConfigError

struct Selection {
  std::string x, loss;                  // columns
  std::vector<std::string> by, run;     // columns
  std::vector<std::string> where;       // "COL=VALUE"
};

struct Observations {
  std::vector<RunGroup> groups;    // in the order of first appearance
  std::int64_t dropped_empty = 0;  // rows without a loss
};

// Throws ConfigError: missing column, x or loss that is not a positive finite number (with its place), nothing left.
[[nodiscard]] Observations observations_from(const CsvTable& table, const Selection& selection);
[[nodiscard]] std::vector<Point> chosen_points(const TrainingRun& run, const PointRule& rule);
[[nodiscard]] std::vector<Point> chosen_points(const RunGroup& group, const PointRule& rule);  // pooled

}  // namespace mobasim
