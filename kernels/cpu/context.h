// What one call of a CPU kernel carries around: the problem, its tensors, the inner loops and the memory it works in.
#pragma once

#include <vector>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/moba_memory.h"
#include "kernels/cpu/packed.h"
#include "kernels/cpu/tensor_rows.h"
#include "kernels/cpu/tile.h"

namespace mobasim::kernels::cpu {

// Sums of the backward pass, packed: dq [heads, tokens, columns], dk and dv [kv_heads, tokens, columns], from 0.
struct PackedGradients {
  Buffer<float> dq, dk, dv;
};

// The memory of calls (Workspace).
struct Workspace::Parts {
  PackedKeys keys;
  std::vector<Tile> tiles;
  PackedGradients gradients;
  Buffer<float> delta;
  MobaMemory moba;
};

struct Context {
  const Problem& problem;
  const MicroKernels& micro;
  const Arithmetic& arithmetic;  // of micro: for f32 or for pairs of bf16
  int threads;
  Dtype mean_keys;
  TensorRows q, d_o;
  const PackedKeys& keys;
  std::vector<Tile>& tiles;  // kTilesAThread for each
  PackedGradients& gradients;
  Workspace::Parts& memory;
  // What the forward pass writes, and the backward pass reads: o like q, lse [tokens, heads].
  void* o = nullptr;
  double* written_lse = nullptr;
  const double* lse = nullptr;
  // Backward: delta = rowsum(d_o * o) [tokens, heads].
  const float* delta = nullptr;
};

inline constexpr std::int64_t kTilesAThread = 4;
[[nodiscard]] inline std::span<Tile> tiles_of(const Context& context, int thread) {
  return std::span(context.tiles).subspan(static_cast<std::size_t>(thread * kTilesAThread), kTilesAThread);
}
[[nodiscard]] inline Tile& tile_of(const Context& context, int thread) { return tiles_of(context, thread).front(); }

// A run of tokens with causal attention among themselves: a sequence (full attention) or a block (MoBA's own).
struct Run {
  std::int64_t begin, end;
};

}  // namespace mobasim::kernels::cpu
