// MoBA's gate: mean keys, their products with the queries, and the top_k - 1 past blocks of each query.
// Lu et al. 2025 (arXiv 2502.13189), section 2.2 and equations 5 and 6; ties go to the lower block
// (docs/method/kernels.md).
#pragma once

#include "kernels/cpu/context.h"

namespace mobasim::kernels {

// Mean keys of the blocks of one sequence, f32 rounded to what the context says, over the true length of each block:
// [kv_heads, blocks, columns].
[[nodiscard]] Buffer<float> mean_keys(CpuContext& context, Run sequence);

// Writes the picks of all heads for the tokens of one sequence.
void choose_blocks(CpuContext& context, Run sequence, const Buffer<float>& means, Selection& selection);

}  // namespace mobasim::kernels
