// What `mobasim fit` is asked to do: its flags as they were given, and what they mean once they are known to agree.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "fit/report/request.h"

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

struct FitOptions {
  FitRequest request;
  std::filesystem::path projections, targets;  // empty, here and below: not asked for
  std::filesystem::path report;                // ends in .html or .txt
  Output output;
};

// Adds the command, with its examples and flags, which are read into `flags`.
Command added_fit_command(Command program, FitFlags& flags);

// Throws ConfigError with everything that is missing, out of range or contradictory.
[[nodiscard]] FitOptions fit_options_from(const FitFlags& flags);

}  // namespace mobasim::cli
