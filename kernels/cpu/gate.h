// MoBA's gate: mean keys, their products with the queries, and the top_k - 1 past blocks of each query.
// Lu et al. 2025 (arXiv 2502.13189), section 2.2 and equations 5 and 6; ties go to the lower block
// (docs/method/kernels.md).
#pragma once

#include "kernels/cpu/context.h"

namespace mobasim::kernels::cpu {

// Sets `means` to the mean keys of the blocks of one sequence, over the true length of each, rounded to what the
// context says: [kv_heads, blocks, columns], in units.
void set_mean_keys(Context& context, Run sequence, Buffer<float>& means);

// Writes the picks of one head for some rows of a sequence.
void choose_blocks(const Context& context, Tile& tile, ChunkMemory& memory, Run sequence, Run rows, std::int64_t head,
                   const Buffer<float>& means, Selection& selection);

}  // namespace mobasim::kernels::cpu
