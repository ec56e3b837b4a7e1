// The minimisers, by Ceres.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "fit/solve/newton.h"
#include "fit/solve/objective.h"

namespace mobasim {

// Local searches for the minimum of a law's objective from a start, by two methods that share nothing but the
// objective: Levenberg-Marquardt on the residuals, and BFGS on the sum. Tolerances are at rounding.
[[nodiscard]] LocalMinimum minimum_by_levenberg_marquardt(const Objective& objective, const Coordinates& start);
[[nodiscard]] LocalMinimum minimum_by_bfgs(const Objective& objective, const Coordinates& start);

// Few parameters x, each with a Gaussian prior about 0, and residuals that count by weight and with a robust loss:
//   sum_i w_i rho(r_i(x)^2) / 2 + sum_j (x_j / width_j)^2 / 2,   rho Huber's of `robust_scale` (Huber 1964)
struct RobustProblem {
  std::vector<double> widths;                                                 // of the priors
  std::vector<double> weights;                                                // one a residual
  std::function<double(std::size_t i, const std::vector<double>&)> residual;  // in units of its own spread
  double robust_scale = 1;
  // Where to start beside 0; the lowest minimum is taken. What only begins to matter beyond a threshold has no slope at
  // 0.
  std::vector<std::vector<double>> starts;
};
struct RobustSolution {
  std::vector<double> x;
  std::vector<double> standard_error;  // from the curvature at the minimum, priors included
};
// Ceres with central differences; the same bytes for the same problem.
[[nodiscard]] RobustSolution solved_robust(const RobustProblem& problem);

}  // namespace mobasim
