// Full causal attention: every query attends to itself and all keys before it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/attention/work.h"

namespace mobasim {

struct FullAttention {
  bool operator==(const FullAttention&) const = default;
};

[[nodiscard]] std::string_view name(const FullAttention&);
[[nodiscard]] std::vector<AttentionParameter> parameters(FullAttention&);
[[nodiscard]] std::vector<std::string> violations(const FullAttention&);
// pairs = (S^2 + S) / 2
[[nodiscard]] AttentionCount count(const FullAttention&, std::int64_t sequence);

}  // namespace mobasim
