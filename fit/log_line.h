// What every law in this folder comes down to: a straight line in logarithms,
//   log y = height - exponent (log x - centre),
// with the points that it is fitted to and the runs that they belong to.
#pragma once

#include <cstddef>
#include <vector>

namespace mobasim {

// Points in logarithms, run after run.
struct LogPoints {
  std::vector<double> log_x, log_y;
  std::vector<std::size_t> run_end;  // per run, the index after its last point; no run is empty
};

struct LogLine {
  double centre = 0;                                                             // mean of log x
  double height = 0;                                                             // log y there
  double exponent = 0;                                                           // > 0 when y falls with x
  double objective = 0;                                                          // sum of r^2 / 2
  [[nodiscard]] double log_scale() const { return height + exponent * centre; }  // log y at x = 1
  [[nodiscard]] double residual(double log_x, double log_y) const {
    return log_y - (height - exponent * (log_x - centre));
  }
};

}  // namespace mobasim
