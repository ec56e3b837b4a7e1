// The forward pass of MoBA over the sequences that route: gate, routed blocks, own blocks. Lu et al. 2025
// (arXiv 2502.13189), algorithm 1.
#pragma once

#include <span>

#include "kernels/cpu/context.h"

namespace mobasim::kernels::cpu {

// Writes o, lse and the picks of all heads for the tokens of `sequences`. Each thread holds the state of one chunk of
// rows, rows * (padded head_dim + 2) floats, and its sorted picks.
void moba_forward(Context& context, std::span<const Run> sequences, Selection& selection);

// The blocks of the rows of a sequence; rows begin at a block.
[[nodiscard]] std::vector<Run> own_blocks(const Problem& problem, Run rows);

}  // namespace mobasim::kernels::cpu
