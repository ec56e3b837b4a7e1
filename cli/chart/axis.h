// An axis of a chart: logarithmic or linear, and what is written beside it.
#pragma once

#include <string>
#include <vector>

namespace mobasim::cli {

struct ChartAxis {
  std::string label;
  double from = 0.1, to = 10;  // from < to; 0 < from where logarithmic
  std::vector<double> ticks;   // labelled; empty: the powers of ten in the range, with 2 and 5 where there are few
  bool linear = false;
  bool plain = false;  // labels as "2.5" in place of "2.5x10^0", at round values where the range is short
};

// Where a value stands between the ends `start` and `end` of the axis; also beyond them.
[[nodiscard]] double position(const ChartAxis& axis, double value, double start, double end);
[[nodiscard]] bool inside(const ChartAxis& axis, double value);

// The ticks that are labelled, and the texts of their labels ("10^0", "2x10^0").
[[nodiscard]] std::vector<double> labelled_ticks(const ChartAxis& axis);
[[nodiscard]] std::string tick_label(double value);
[[nodiscard]] std::string tick_label(const ChartAxis& axis, double value);
// 1 to 9 times every power of ten that lies on a logarithmic axis; of a linear one the labelled ticks.
[[nodiscard]] std::vector<double> all_ticks(const ChartAxis& axis);

}  // namespace mobasim::cli
