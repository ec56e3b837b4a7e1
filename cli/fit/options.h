// What `mobasim fit` is asked to do: its flags as they were given, and what they mean once they are known to agree.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "fit/data/observations.h"
#include "fit/data/targets.h"
#include "fit/loss_law.h"
#include "fit/solve/objective.h"

namespace mobasim::cli {

// As given; empty or nothing: not given.
struct FitFlags {
  std::string data, law;
  Selection selection;
  std::string pair, size;
  std::string points = "all";
  std::optional<double> huber_delta;
  bool squares = false;
  std::optional<std::int64_t> bootstrap, seed;
  std::int64_t threads = 0;
  std::string project;
  std::filesystem::path project_from;
  std::vector<std::string> project_where;
  std::filesystem::path projections;
  std::string target_loss;
  std::filesystem::path targets;
  bool backtest = false;
  std::string definition;  // of x, for the report
  std::filesystem::path report;
  Output output;
};

// --pair COL=A,B: the law is that of A's loss over B's.
struct Arms {
  std::string column, a, b;
};

struct FitOptions {
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
  std::vector<Target> project;         // of --project
  std::filesystem::path project_from;  // empty: none
  std::vector<std::string> project_where;
  std::filesystem::path projections;  // empty, here and below: not asked for
  std::vector<double> target_losses;
  std::filesystem::path targets;
  bool backtest = false;
  std::string definition;        // of x, for the report
  std::filesystem::path report;  // ends in .html or .txt
  Output output;
};

// Adds the command, with its examples and flags, which are read into `flags`.
Command added_fit_command(Command program, FitFlags& flags);

// Throws ConfigError with everything that is missing, out of range or contradictory.
[[nodiscard]] FitOptions fit_options_from(const FitFlags& flags);

// The rows of one arm, its runs told apart by the size column; `value` is arms->a or arms->b.
[[nodiscard]] Selection selection_of_arm(const FitOptions& options, const std::string& value);
// What --project-from is read by: the fit's columns with conditions of its own. Of a paired law no loss is read, since
// a ratio is what it predicts.
[[nodiscard]] Selection selection_of_targets(const FitOptions& options);

}  // namespace mobasim::cli
