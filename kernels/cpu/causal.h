// Causal attention inside runs of tokens: all of full attention, and the own-block part of MoBA.
#pragma once

#include <span>

#include "kernels/cpu/context.h"

namespace mobasim::kernels {

// What MoBA's routed blocks add to the rows of one head: results not yet merged, one for each (row, slot).
struct RoutedPartials;

// Writes o and lse of heads [first_head, last_head) for the tokens of `runs`. `routed` may be null; it belongs to one
// head.
void causal_forward(CpuContext& context, std::span<const Run> runs, std::int64_t first_head, std::int64_t last_head,
                    const RoutedPartials* routed);

// Adds the gradients of causal attention inside `runs`, all heads.
void causal_backward(CpuContext& context, std::span<const Run> runs);

}  // namespace mobasim::kernels
