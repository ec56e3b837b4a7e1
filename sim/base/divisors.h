// The whole numbers that divide another: the sizes that a split may have.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace mobasim {

// Rising; those up to `most` only.
[[nodiscard]] inline std::vector<std::int64_t> divisors(std::int64_t value,
                                                        std::int64_t most = std::numeric_limits<std::int64_t>::max()) {
  std::vector<std::int64_t> found, above_root;
  for (std::int64_t divisor = 1; divisor <= value / divisor; ++divisor) {
    if (value % divisor != 0) continue;
    found.push_back(divisor);
    if (divisor != value / divisor) above_root.push_back(value / divisor);
  }
  found.insert(found.end(), above_root.rbegin(), above_root.rend());
  found.erase(std::ranges::upper_bound(found, most), found.end());
  return found;
}

}  // namespace mobasim
