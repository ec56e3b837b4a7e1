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
  std::vector<std::int64_t> found;
  for (std::int64_t divisor = 1; divisor <= std::min(value, most); ++divisor) {
    if (value % divisor == 0) found.push_back(divisor);
  }
  return found;
}

}  // namespace mobasim
