// The backward pass of all sequences: squares of rows and keys, along diagonals.
#pragma once

#include <span>

#include "kernels/cpu/context.h"

namespace mobasim::kernels::cpu {

// Adds the gradients of causal attention inside the runs `causal` and of MoBA over the sequences `routed`, all heads.
void add_gradients(Context& context, std::span<const Run> causal, std::span<const Run> routed,
                   const Selection& selection);

}  // namespace mobasim::kernels::cpu
