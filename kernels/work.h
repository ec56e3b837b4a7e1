// The work of a problem, summed query by query: what a time is divided by in a profile.
#pragma once

#include "kernels/problem.h"
#include "kernels/reference.h"
#include "sim/base/units.h"

namespace mobasim::kernels {

// The same numbers that the reference counts while it runs (a test holds them equal).
[[nodiscard]] WorkCount work_of(const Problem& problem);

// Useful FLOPs (docs/method/attention.md): forward 4 head_dim a pair and 2 head_dim a gate product, backward 8 head_dim
// a pair.
[[nodiscard]] Flops forward_flops(const Problem& problem);
[[nodiscard]] Flops backward_flops(const Problem& problem);

}  // namespace mobasim::kernels
