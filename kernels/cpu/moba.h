// MoBA over the sequences that route: gate, routed blocks, own blocks. Lu et al. 2025 (arXiv 2502.13189), algorithm 1.
#pragma once

#include "kernels/cpu/context.h"

namespace mobasim::kernels {

void moba_forward(CpuContext& context, Run sequence, Selection& selection);
// The routed part alone; own blocks are causal_backward over own_blocks().
void moba_backward_routed(CpuContext& context, Run sequence, const Selection& selection);

// The blocks of the rows of a sequence; rows begin at a block.
[[nodiscard]] std::vector<Run> own_blocks(const Problem& problem, Run rows);

}  // namespace mobasim::kernels
