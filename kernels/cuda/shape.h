// An attention problem as the CUDA kernels take it: plain types, so that nvcc reads it. Layouts are those of
// kernels/problem.h, in the 16-bit element:
//   q, o, d_o, dq  [tokens, heads, head_dim]
//   k, v, dk, dv   [tokens, kv_heads, head_dim]
//   lse            f32 [tokens, heads]   natural logarithm
//   picks          int [tokens, heads, top_k - 1]   ascending block numbers of the token's sequence, then -1
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/cuda/types.h"

namespace mobasim::kernels::cuda {

struct Shape {
  bool moba = false;
  Element element = Element::bf16;
  std::vector<int> cu_seqlens = {0};
  int heads = 1, kv_heads = 1;
  int head_dim = 64;  // 64 or 128
  int block = 0;      // moba: keys in a block, a multiple of 64
  int top_k = 0;      // moba: 1..64, the own block counted
  // Queries are processed in chunks of about this many tokens, which bounds the workspace of MoBA's partial results.
  int chunk_tokens = 65536;
  bool deterministic = false;  // backward: the same bits every time, at the price of speed
};

[[nodiscard]] inline int tokens_of(const Shape& shape) { return shape.cu_seqlens.back(); }
[[nodiscard]] inline int slots_of(const Shape& shape) { return shape.moba ? shape.top_k - 1 : 0; }
// As kernels/problem.h has it: top_k = 1 is the own block alone, top_k >= blocks full causal attention, and neither
// computes a gate.
[[nodiscard]] inline bool routes(const Shape& shape, int length) {
  return shape.moba && shape.top_k > 1 && length > static_cast<long long>(shape.block) * shape.top_k;
}

struct ForwardTensors {
  const void *q = nullptr, *k = nullptr, *v = nullptr;
  void* o = nullptr;
  float* lse = nullptr;
  int* picks = nullptr;  // moba with top_k > 1, else null
};

struct BackwardTensors {
  const void *q = nullptr, *k = nullptr, *v = nullptr, *o = nullptr, *d_o = nullptr;
  const float* lse = nullptr;
  const int* picks = nullptr;
  void *dq = nullptr, *dk = nullptr, *dv = nullptr;
};

}  // namespace mobasim::kernels::cuda
