// The gate of MoBA (Lu et al. 2025, arXiv 2502.13189, eq. 5 and section 2.2): for each query and head, of the blocks
// strictly before its own, the top_k - 1 whose mean key has the highest product with the query; fewer where there are
// fewer. Of equal scores the lower block wins; a NaN counts as -infinity.
#pragma once

#include "kernels/cuda/tables.h"
#include "kernels/cuda/types.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::cuda {

struct GateParameters {
  const void* q;          // [tokens, heads, head_dim]
  const void* mean_key;   // [total_blocks, kv_heads, head_dim]
  const GateTile* tiles;  // [tile_count]
  int* picks;             // [tokens, heads, slots]
  int tile_count, heads, kv_heads;
  int block;
  int slots;  // top_k - 1, 1..63
};

inline namespace MOBASIM_TARGET {
void launch_gate(const GateParameters& parameters, Element element, int head_dim, Stream stream);
}
}  // namespace mobasim::kernels::cuda
