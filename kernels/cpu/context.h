// What one call of a CPU kernel carries around: the problem, its tensors, the inner loops and each thread's scratch.
#pragma once

#include <vector>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/packed.h"
#include "kernels/cpu/tile.h"

namespace mobasim::kernels {

// Sums of the backward pass, packed: dq [heads, tokens, columns], dk and dv [kv_heads, tokens, columns], from 0.
struct PackedGradients {
  Buffer<float> dq, dk, dv;
};

struct CpuContext {
  const Problem& problem;
  const Inputs<float>& inputs;
  const MicroKernels& micro;
  int threads;
  Dtype mean_keys;
  PackedKeys keys;
  mutable std::vector<Tile> tiles;  // one a thread
  // What the forward pass writes, and the backward pass reads: o like q, lse [tokens, heads].
  float* o = nullptr;
  double* lse = nullptr;
  // Backward: delta = rowsum(d_o * o) [tokens, heads].
  const float* delta = nullptr;
  PackedGradients gradients = {};
};

// A run of tokens with causal attention among themselves: a sequence (full attention) or a block (MoBA's own).
struct Run {
  std::int64_t begin, end;
};

}  // namespace mobasim::kernels
