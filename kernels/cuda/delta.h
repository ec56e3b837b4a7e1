// The first stage of the backward pass: what the other stages need of each row besides its q and d_o.
#pragma once

#include "kernels/cuda/types.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::cuda {

struct DeltaParameters {
  const void *o, *d_o;  // [tokens, heads, head_dim]
  const float* lse;     // [tokens, heads]
  float* row_terms;     // [heads, tokens, 2]: lse log2(e), and delta, the sum over head_dim of d_o o
  float* dq;            // f32 [tokens, heads, head_dim], set to 0; null: there is none
  int tokens, heads;
};

inline namespace MOBASIM_TARGET {
void launch_delta(Element element, int head_dim, const DeltaParameters& parameters, Stream stream);
}

}  // namespace mobasim::kernels::cuda
