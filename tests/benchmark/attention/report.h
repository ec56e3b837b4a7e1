// Comparisons as rows: a time, its rate, and each ratio with an interval.
#pragma once

#include <string>
#include <vector>

#include "sim/base/table.h"
#include "tests/benchmark/attention/comparison.h"

namespace mobasim::benchmark {

// The median, and an interval that holds the median of all such rounds with 95% probability whatever their
// distribution (order statistics: David and Nagaraja 2003, section 7.1); all of them where there are fewer than six.
struct Estimate {
  double lo = 0, median = 0, hi = 0;
};
[[nodiscard]] Estimate estimate(std::vector<double> values);

[[nodiscard]] Table report(const std::vector<Comparison>& comparisons);

// From which length on MoBA is faster, in words, for each (threads, dtype, head_dim, block, top_k, pass).
[[nodiscard]] std::vector<std::string> break_even_lengths(const std::vector<Comparison>& comparisons);

}  // namespace mobasim::benchmark
