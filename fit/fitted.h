// Fits with their intervals.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "fit/loss_law.h"
#include "fit/observations.h"

namespace mobasim {

struct Interval {
  double lo = 0, hi = 0;
};

// A law that is linear in logarithms, log y = log scale - exponent log x, fitted by least squares.
template <class Law>
struct Fitted {
  Law law;
  std::int64_t points = 0;    // n
  std::int64_t clusters = 0;  // runs that the points come from
  double objective = 0;       // sum of r^2 / 2 over log residuals
  double x_min = 0, x_max = 0;
  // Covariance of (log scale, exponent), and the degrees of freedom of its t quantile: residual variance from the
  // points, made robust to correlation within runs (docs/method.md, "Intervals").
  std::array<std::array<double, 2>, 2> covariance{};
  double degrees_of_freedom = 0;
  Interval scale, exponent;  // 95%
};

// Throws ConfigError (naming `what`, the group) for data that cannot determine the law: fewer than 3 points, one x only.
[[nodiscard]] Fitted<PowerLaw> fitted_power_law(const RunGroup& group, const PointRule& rule, const std::string& what);

// Runs of arm A and arm B are paired by the value of their size column; each pair gives points at the x of A's chosen
// points... as docs/method.md, "Paired", says.
[[nodiscard]] Fitted<PairedLaw> fitted_paired_law(const RunGroup& a, const RunGroup& b, const PointRule& rule,
                                                  const std::string& what);

// 95% interval of the law's value (the mean, not a new observation) at x.
[[nodiscard]] Interval interval_at(const Fitted<PowerLaw>& fit, double x);
[[nodiscard]] Interval interval_at(const Fitted<PairedLaw>& fit, double x);

// Two-sided quantile of Student's t: P(|T| <= q) = 0.95.
[[nodiscard]] double t_quantile_95(double degrees_of_freedom);

}  // namespace mobasim
