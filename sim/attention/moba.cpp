#include "sim/attention/moba.h"

#include <algorithm>

#include "sim/attention/full.h"

namespace mobasim {

namespace {

// 0 + 1 + ... + (n - 1)
std::int64_t sum_below(std::int64_t n) { return n * (n - 1) / 2; }

}  // namespace

std::string_view name(const Moba&) { return "moba"; }

std::vector<AttentionParameter> parameters(Moba& moba) { return {{"block", &moba.block}, {"top_k", &moba.top_k}}; }

std::vector<std::string> violations(const Moba& moba) {
  std::vector<std::string> found;
  if (moba.block < 1) found.push_back("block is " + std::to_string(moba.block) + "; it must be at least 1 key");
  if (moba.top_k < 1) {
    found.push_back("top_k is " + std::to_string(moba.top_k) +
                    "; it must be at least 1: it counts the query's own block, which is always attended");
  }
  return found;
}

AttentionCount count(const Moba& moba, std::int64_t sequence) {
  if (sequence == 0) return {};
  // S = F B + R: F whole blocks and R tokens of a partial one. A block longer than the sequence is the sequence.
  const std::int64_t B = std::min(moba.block, sequence);
  const std::int64_t F = sequence / B;
  const std::int64_t R = sequence % B;
  const std::int64_t n = F + (R > 0 ? 1 : 0);
  if (moba.top_k >= n) return count(FullAttention{}, sequence);

  AttentionCount result;
  const std::int64_t past = moba.top_k - 1;  // past blocks attended, where there are so many; past < F
  const std::int64_t own = F * sum_below(B + 1) + sum_below(R + 1);  // causal inside the own block
  const std::int64_t picks = B * (sum_below(past) + past * (F - past)) + R * past;
  result.pairs = own + B * picks;  // a past block is always whole
  if (past > 0) {
    result.gate_pairs = B * sum_below(F) + R * F;
    result.picks = picks;
    result.blocks = n;
  }
  return result;
}

}  // namespace mobasim
