// How sure a fitted line is, when the points of one training run are not independent (docs/method/laws.md,
// "Intervals").
#pragma once

#include <array>

#include "fit/fitted.h"
#include "fit/log_line.h"

namespace mobasim {

struct LineUncertainty {
  std::array<std::array<double, 2>, 2> covariance{};  // of (log scale, exponent)
  double degrees_of_freedom = 0;                      // runs - 2; 0: fewer than 3 runs, nothing is determined
  double run_variance = 0;                            // of a run's offset from the line
};

[[nodiscard]] LineUncertainty uncertainty_of(const LogLine& line, const LogPoints& points);

// 95% interval of exp(log scale - exponent log x), and of the exponent.
[[nodiscard]] Interval value_interval(const LogLine& line, const LineUncertainty& uncertainty, double log_x);
[[nodiscard]] Interval exponent_interval(const LogLine& line, const LineUncertainty& uncertainty);

}  // namespace mobasim
