// What a transformer layer does beside gemms and attention, each an operation that reads and writes its values once:
// norms, rotary embedding, the gated activation, residual sums. Tensors in f32 or bf16 (T), sums in f32. Threads share
// rows; no result depends on their number.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/bf16.h"

namespace mobasim::kernels {

struct RowSpace {
  std::int64_t rows = 0, width = 0;
  int threads = 1;
};

// y = x / rms(x) gain over each row (Zhang and Sennrich 2019, arXiv 1910.07467); inverse_rms [rows] is kept for later.
template <class T>
void rms_norm(const RowSpace& space, const T* x, const T* gain, T* y, float* inverse_rms);
// d_gain is a sum over rows: partial_gain [gain_parts(rows), width] holds its parts.
template <class T>
void rms_norm_backward(const RowSpace& space, const T* d_y, const T* x, const T* gain, const float* inverse_rms, T* d_x,
                       float* partial_gain, T* d_gain);
[[nodiscard]] std::int64_t gain_parts(std::int64_t rows);

// out = a + b, all [rows, width].
template <class T>
void sums(const RowSpace& space, const T* a, const T* b, T* out);

// y [rows, width] = silu(gate) up of both = [rows, gate (width) | up (width)] (Shazeer 2020, arXiv 2002.05202).
template <class T>
void gated_activation(const RowSpace& space, const T* both, T* y);
template <class T>
void gated_activation_backward(const RowSpace& space, const T* d_y, const T* both, T* d_both);

// Queries and keys turned by their position: values c and c + head_dim / 2 of a head by the angle
// position 10000^(-2 c / head_dim) (Su et al. 2021, arXiv 2104.09864).
struct Rotation {
  std::int64_t head_dim = 0;
  std::vector<float> cosine, sine;  // [positions, head_dim / 2]
};
[[nodiscard]] Rotation rotation(std::int64_t positions, std::int64_t head_dim);

struct HeadCounts {
  std::int64_t heads = 1, kv_heads = 1;
};
// all [rows, queries | keys | values] -> q, k (turned) and v, each [rows, its heads, head_dim]; row i is position i.
template <class T>
void split_heads(std::int64_t rows, int threads, const Rotation& rotation, HeadCounts counts, const T* all, T* q, T* k,
                 T* v);
// The gradient of that: turned back, and put together.
template <class T>
void join_heads(std::int64_t rows, int threads, const Rotation& rotation, HeadCounts counts, const T* q, const T* k,
                const T* v, T* all);

}  // namespace mobasim::kernels
