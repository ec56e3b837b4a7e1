// All groups of a bench, in the order in which a budget reaches them.
#pragma once

#include <vector>

#include "kernels/bench/arms.h"
#include "kernels/bench/bench.h"

namespace mobasim::kernels::bench {

// The attention cases that the options choose. Throws ConfigError for a name that is not in the table.
[[nodiscard]] std::vector<Case> chosen_cases(const Options& options);

// Products from the least to the greatest, the layers, then attention: first 512 tokens and each length 4 times as
// long, so that a small budget has few lengths but the whole range, then the lengths between up to 8192, then the rest.
[[nodiscard]] std::vector<Group> groups_of(const Options& options, const ArmOptions& arms,
                                           std::vector<std::string>& unsupported);

[[nodiscard]] bool wants(const Options& options, const std::string& part);

// In the order of the table: peak, memory, gemms, attention by mechanism and shape.
void sort_rows(std::vector<MeasuredRow>& rows);

}  // namespace mobasim::kernels::bench
