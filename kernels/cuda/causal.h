// Causal attention of rows over the keys of their sequence, or of their own block: FlashAttention-2 (Dao 2023, arXiv
// 2307.08691) over a table of row tiles. Where MoBA routes, the partial results of the routed blocks are merged in.
#pragma once

#include "kernels/cuda/tables.h"
#include "kernels/cuda/types.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::cuda {

// Rows of a tile of the table. 4 warps of 32.
constexpr int kCausalRows = 128;

struct CausalParameters {
  const void *q, *k, *v;  // [tokens, heads or kv_heads, head_dim]
  void* o;                // [tokens, heads, head_dim]
  float* lse;             // [tokens, heads]
  const RowTile* tiles;   // in the target's memory, like all pointers here
  int tile_count;
  int tokens, heads, kv_heads;
  // Only where rows are routed: partials of the tokens chunk_begin .. chunk_begin + chunk_tokens - 1, as routed.h has
  // them. Without routed rows: null and 0.
  const void* partials;      // [heads, chunk_tokens, slots, head_dim]
  const float* partial_lse;  // [heads, chunk_tokens, slots]
  const int* picks;          // [tokens, heads, slots]
  int chunk_begin, chunk_tokens, slots;
};

inline namespace MOBASIM_TARGET {

// Writes o and lse of the rows of all tiles. merge: tiles with sequence_routes have partials.
void launch_causal(Element element, int head_dim, bool merge, const CausalParameters& parameters, Stream stream);

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
