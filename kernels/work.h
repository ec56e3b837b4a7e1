// The work of a problem, summed query by query: what a time is divided by in a profile.
#pragma once

#include <cstdint>

#include "kernels/problem.h"
#include "sim/base/units.h"

namespace mobasim::kernels {

// All heads and sequences together.
struct WorkCount {
  std::int64_t pairs = 0;       // (query, key) pairs attended
  std::int64_t gate_pairs = 0;  // (query, mean key) products
  std::int64_t picks = 0;       // (query, past block) picks routed
  std::int64_t blocks = 0;      // mean keys pooled
  bool operator==(const WorkCount&) const = default;
};

// The same numbers that the reference counts while it runs (a test holds them equal).
[[nodiscard]] WorkCount work_of(const Problem& problem);

// Useful FLOPs (docs/method/attention.md): forward 4 head_dim a pair and 2 head_dim a gate product, backward 8 head_dim
// a pair.
[[nodiscard]] Flops forward_flops(const Problem& problem);
[[nodiscard]] Flops backward_flops(const Problem& problem);

}  // namespace mobasim::kernels
