// Quantiles of values that do not count alike.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

namespace mobasim {

// The least of the values (each with its weight) that so much of the weight does not exceed; 0 without values.
[[nodiscard]] inline double weighted_quantile(std::vector<std::pair<double, double>> values, double fraction) {
  std::ranges::sort(values);
  double all = 0, below = 0;
  for (const auto& [value, weight] : values) all += weight;
  for (const auto& [value, weight] : values) {
    below += weight;
    if (below >= fraction * all) return value;
  }
  return values.empty() ? 0 : values.back().first;
}

}  // namespace mobasim
