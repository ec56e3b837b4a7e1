// The heart of the backward pass, key-major: dK, dV and the sums of dQ. FlashAttention-2, arXiv 2307.08691, section
// 3.2, with the rows of a key tile coming from the tile's own sequence or block and, in MoBA, from the routing index.
#pragma once

#include "kernels/cuda/tables.h"
#include "kernels/cuda/types.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::cuda {

struct BackwardKeysParameters {
  const void *q, *d_o;     // [tokens, heads, head_dim]
  const void *k, *v;       // [tokens, kv_heads, head_dim]
  const float* row_terms;  // [heads, tokens, 2], of launch_delta
  float* dq_sum;           // f32 [tokens, heads, head_dim], added to: dQ without the scale
  void *dk, *dv;           // [tokens, kv_heads, head_dim]
  const KeyTile* tiles;    // [tile_count]
  const int* offsets;      // [heads * total_blocks + 1], the routing index of all tokens; null where nothing routes
  const int* entries;      // token << kSlotBits | slot
  int tile_count, entry_count, total_blocks;
  int tokens, heads, kv_heads;
  float scale;  // head_dim^-0.5
};

inline namespace MOBASIM_TARGET {
void launch_backward_keys(Element element, int head_dim, const BackwardKeysParameters& parameters, Stream stream);
}  // namespace MOBASIM_TARGET

}  // namespace mobasim::kernels::cuda
