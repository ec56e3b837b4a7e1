// MoBA's gate: mean keys, their products with the queries, and the top_k - 1 past blocks of each query.
// Lu et al. 2025 (arXiv 2502.13189), section 2.2 and equations 5 and 6; ties go to the lower block
// (docs/method/kernels.md).
#pragma once

#include "kernels/cpu/context.h"

namespace mobasim::kernels {

// Mean keys of the blocks of one sequence, rounded to what the context says, over the true length of each block:
// units [kv_heads, blocks, columns].
[[nodiscard]] Buffer<float> mean_keys(CpuContext& context, Run sequence);

// What a thread needs beside its tile.
struct GateScratch {
  GateScratch(std::int64_t blocks, std::int64_t slots);
  Buffer<float> scores, values;  // [blocks, kLanes] [slots, kLanes]
  Buffer<std::int32_t> best;     // [slots, kLanes]
};

// Writes the picks of one head for some rows of a sequence.
void choose_blocks(const CpuContext& context, Tile& tile, GateScratch& scratch, Run sequence, Run rows,
                   std::int64_t head, const Buffer<float>& means, Selection& selection);

}  // namespace mobasim::kernels
