// Mixture of Block Attention (Lu et al. 2025, arXiv 2502.13189): a query attends causally to its own block of keys and
// to the top_k - 1 past blocks whose mean key it likes best. top_k counts the own block.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/attention/work.h"

namespace mobasim {

struct Moba {
  std::int64_t block = 512;  // keys in a block; the last block of a sequence may be shorter
  std::int64_t top_k = 3;    // blocks attended, the own block included
  bool operator==(const Moba&) const = default;
};

[[nodiscard]] std::string_view name(const Moba&);
[[nodiscard]] std::vector<AttentionParameter> parameters(Moba& moba);
[[nodiscard]] std::vector<std::string> violations(const Moba& moba);
// pairs = sum over t of (t mod B) + 1 + B min(k - 1, floor(t / B)); gate_pairs = sum over t of floor(t / B),
// picks = sum over t of min(k - 1, floor(t / B)), blocks = n = ceil(S / B). k >= n is full attention and needs no gate;
// neither does k = 1, which routes nothing: gate_pairs, picks and blocks are then 0.
[[nodiscard]] AttentionCount count(const Moba& moba, std::int64_t sequence);

}  // namespace mobasim
