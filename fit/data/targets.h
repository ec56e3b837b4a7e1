// Where a fitted law is wanted beyond its data: what --project and --project-from ask for, and what was observed there.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "fit/data/observations.h"
#include "sim/base/csv.h"

namespace mobasim {

struct Target {
  std::vector<double> x;              // compute, or parameters and tokens
  std::optional<double> observed;     // the loss there, nats per token
  std::vector<std::string> key = {};  // of the group that it belongs to; empty: it is asked of every group
};

// "6e9,6e10" for a law of one input, "7e9:140e9,13e9:260e9" (parameters:tokens) for one of two. Throws ConfigError.
[[nodiscard]] std::vector<Target> targets_from(const std::string& text, std::size_t inputs);

// The rows of a table that meet the conditions, by the columns of the selection: its inputs; its loss, where the
// selection and the table have that column and the cell is not empty; its `by` columns, where the table has them (all
// or none). Throws ConfigError as observations_from does.
[[nodiscard]] std::vector<Target> targets_from(const CsvTable& table, const Selection& selection);

// Those asked of the group of this key, in their order.
[[nodiscard]] std::vector<Target> targets_of(const std::vector<Target>& targets, const std::vector<std::string>& key);
// Keys of targets that are those of no group, each once, as text: nothing would answer them.
[[nodiscard]] std::vector<std::string> keys_without_group(const std::vector<Target>& targets,
                                                          const std::vector<RunGroup>& groups);

// "3.1,2.9" as numbers above 0. Throws ConfigError.
[[nodiscard]] std::vector<double> positive_numbers_from(const std::string& text);

}  // namespace mobasim
