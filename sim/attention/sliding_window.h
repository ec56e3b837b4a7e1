// Sliding-window attention (Beltagy et al. 2020, arXiv 2004.05150; Mistral 7B): a query attends to itself and the
// window - 1 keys before it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/attention/work.h"

namespace mobasim {

struct SlidingWindow {
  std::int64_t window = 4096;  // keys attended, the query's own included
  bool operator==(const SlidingWindow&) const = default;
};

[[nodiscard]] std::string_view name(const SlidingWindow&);
[[nodiscard]] std::vector<AttentionParameter> parameters(SlidingWindow& window);
[[nodiscard]] std::vector<std::string> violations(const SlidingWindow& window);
// pairs = sum over t of min(t + 1, W)
[[nodiscard]] AttentionCount count(const SlidingWindow& window, std::int64_t sequence);

}  // namespace mobasim
