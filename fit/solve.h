// The minimiser of the least-squares objective. solve.cpp is the only file that includes Ceres.
#pragma once

#include "fit/log_line.h"

namespace mobasim {

// The line that minimises sum r^2 / 2 over all points, unweighted (docs/method/laws.md, "P2"). Solved by Ceres from a
// flat line and checked against the closed-form regression: both must agree to 1e-9, else it is our own bug and
// asserts. At least two different x are the caller's to ensure.
[[nodiscard]] LogLine solved_line(const LogPoints& points);

}  // namespace mobasim
