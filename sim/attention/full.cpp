#include "sim/attention/full.h"

namespace mobasim {

std::string_view name(const FullAttention&) { return "full"; }

std::vector<AttentionParameter> parameters(FullAttention&) { return {}; }

std::vector<std::string> violations(const FullAttention&) { return {}; }

AttentionCount count(const FullAttention&, std::int64_t sequence) {
  AttentionCount result;
  result.pairs = sequence * (sequence + 1) / 2;
  return result;
}

}  // namespace mobasim
