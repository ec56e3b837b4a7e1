#include "sim/attention/sliding_window.h"

#include <algorithm>

namespace mobasim {

std::string_view name(const SlidingWindow&) { return "sliding_window"; }

std::vector<AttentionParameter> parameters(SlidingWindow& window) { return {{"window", &window.window}}; }

std::vector<std::string> violations(const SlidingWindow& window) {
  if (window.window >= 1) return {};
  return {"window is " + std::to_string(window.window) + "; it must be at least 1 key, the query's own"};
}

AttentionCount count(const SlidingWindow& window, std::int64_t sequence) {
  // The first W queries attend to 1, 2, ... W keys, the others to W.
  const std::int64_t W = std::min(window.window, sequence);
  AttentionCount result;
  result.pairs = W * (W + 1) / 2 + (sequence - W) * W;
  return result;
}

}  // namespace mobasim
