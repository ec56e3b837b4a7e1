// What is asked of fits to the points of a CSV: which points, which law, how, and what is to follow from it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fit/data/observations.h"
#include "fit/data/targets.h"
#include "fit/loss_law.h"
#include "fit/solve/objective.h"

namespace mobasim {

// The law is that of A's loss over B's, told apart by a column.
struct Arms {
  std::string column, a, b;
};

struct FitRequest {
  std::filesystem::path data;
  LossLaw law;          // its kind; the parameters mean nothing
  Selection selection;  // with what a run is
  std::optional<Arms> arms;
  std::string size;  // with arms: runs of the same value make a pair
  PointRule points;
  std::string points_text;  // the rule as given
  ResidualLoss loss;
  std::int64_t bootstrap = 0;  // resamples
  std::uint64_t seed = 1;
  unsigned threads = 0;                // 0: one a core
  std::vector<Target> project;         // where a loss is asked for
  std::filesystem::path project_from;  // or a CSV that says where; empty: none
  std::vector<std::string> project_where;
  std::vector<double> target_losses;
  bool backtest = false;
  bool diagnostics = false;  // outliers, leave-one-out, other laws and losses: for a report
  std::string definition;    // of x, for the report
};
[[nodiscard]] bool projects(const FitRequest& request);  // anywhere

// The rows of one arm, its runs told apart by the size column; `value` is arms->a or arms->b.
[[nodiscard]] Selection selection_of_arm(const FitRequest& request, const std::string& value);
// What project_from is read by: the fit's columns with conditions of its own. Of a paired law no loss is read, since
// a ratio is what it predicts.
[[nodiscard]] Selection selection_of_targets(const FitRequest& request);

}  // namespace mobasim
