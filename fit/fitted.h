// Fits with their intervals.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "fit/loss_law.h"
#include "fit/observations.h"

namespace mobasim {

// Where the data do not determine an interval it is everything: 0 .. inf for a scale, -inf .. inf for an exponent.
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
  // Covariance of (log scale, exponent), and the degrees of freedom of its t quantile: clusters - 2, whatever the
  // number of points, because the points of one run are not independent (docs/method/laws.md, "Intervals"). With fewer
  // than 3 clusters both are 0 and no interval is determined.
  std::array<std::array<double, 2>, 2> covariance{};
  double degrees_of_freedom = 0;
  double run_variance = 0;   // of the offset that a run as a whole has from the law, in log y
  Interval scale, exponent;  // 95%
};

template <class Law>
[[nodiscard]] bool has_intervals(const Fitted<Law>& fit) {
  return fit.degrees_of_freedom > 0;
}

// Throws ConfigError (naming `what`, the group) for data that cannot determine the law: fewer than 3 points, one x
// only.
[[nodiscard]] Fitted<PowerLaw> fitted_power_law(const RunGroup& group, const PointRule& rule, const std::string& what);

// Runs of arm A and arm B with the same key (the size column) make a pair; each pair gives one point: the ratio of the
// geometric means of the losses of its chosen points, at the geometric mean of both arms' x (docs/method/laws.md,
// "PAIRED"). Throws ConfigError also for a run without its partner, and for two runs of one key in one arm.
[[nodiscard]] Fitted<PairedLaw> fitted_paired_law(const RunGroup& a, const RunGroup& b, const PointRule& rule,
                                                  const std::string& what);

// 95% interval of the law's value (the mean, not a new observation) at x.
[[nodiscard]] Interval interval_at(const Fitted<PowerLaw>& fit, double x);
[[nodiscard]] Interval interval_at(const Fitted<PairedLaw>& fit, double x);

}  // namespace mobasim
