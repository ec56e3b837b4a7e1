// The tables of `mobasim fit`: one row a fit, one a projection, one a loss to be reached (docs/config/fit.md).
#pragma once

#include <string>
#include <vector>

#include "fit/prediction/group_fit.h"
#include "sim/base/table.h"

namespace mobasim {

// Throws ConfigError when a by column has the name of a column of the result.
[[nodiscard]] Table fit_table(const std::vector<std::string>& by, const std::vector<GroupFit>& groups);
[[nodiscard]] Table projections_table(const std::vector<std::string>& by, const LossLaw& law,
                                      const std::vector<GroupFit>& groups);
[[nodiscard]] Table targets_table(const std::vector<std::string>& by, const LossLaw& law,
                                  const std::vector<GroupFit>& groups);

// For people: without the columns that are empty in every row.
[[nodiscard]] Table without_empty_columns(const Table& table);

// How far a projection reaches, as people read it: "", "beyond 3x", "extrapolated" (beyond 10x).
[[nodiscard]] std::string extrapolation_mark(double extrapolation);

}  // namespace mobasim
