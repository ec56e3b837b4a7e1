// Mean keys: the first stage of MoBA (Lu et al. 2025, arXiv 2502.13189, eq. 6). The mean of a block is over the keys it
// truly has, summed in f32 in a fixed order, rounded to the element.
#pragma once

#include "kernels/cuda/tables.h"
#include "kernels/cuda/types.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::cuda {

struct PoolParameters {
  const void* k;            // [tokens, kv_heads, head_dim]
  const BlockKeys* blocks;  // [total_blocks]
  void* mean_key;           // [total_blocks, kv_heads, head_dim]
  int tokens, total_blocks, kv_heads;
};

inline namespace MOBASIM_TARGET {
void launch_pool(const PoolParameters& parameters, Element element, int head_dim, Stream stream);
}
}  // namespace mobasim::kernels::cuda
