// The same attention as a competent engineer makes it of a library's matrix products: causal, in tiles
// (FlashAttention-2, Dao 2023, algorithms 1 and 2), the tiles above the diagonal skipped, a vectorised softmax between
// the products. What the kernels of this project are compared with.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "kernels/bf16.h"
#include "kernels/problem.h"

namespace mobasim::benchmark {

using kernels::Bf16;
using kernels::Forward;
using kernels::Gradients;
using kernels::Inputs;
using kernels::Problem;

struct TileSize {
  std::int64_t queries = 0, keys = 0;  // keys is a multiple of queries
};

// The products of one tile. Rows of q, o, d_o lie heads * head_dim apart, those of k and v kv_heads * head_dim, those
// of scores size.keys, those of sums head_dim. The first argument is the thread that calls.
template <class T>
struct TileProducts {
  // scores[queries, keys] = q[queries, head_dim] k[keys, head_dim]^T
  std::function<void(int, TileSize, const T* q, const T* k, float* scores)> scores;
  // sum[queries, head_dim] += p[queries, keys] v[keys, head_dim]
  std::function<void(int, TileSize, const T* p, const T* v, float* sum)> gather;
  // sum[keys, head_dim] += p[queries, keys]^T q[queries, head_dim]
  std::function<void(int, TileSize, const T* p, const T* q, float* sum)> scatter;
};

// Full causal attention of one sequence, whose length is a multiple of size.queries.
template <class T>
struct Yardstick {
  std::function<void(const Inputs<T>&, Forward<T>&)> forward;
  std::function<void(const Inputs<T>&, const Forward<T>&, Gradients<T>&)> backward;
};
template <class T>
[[nodiscard]] Yardstick<T> yardstick(const Problem& problem, TileSize size, int threads, TileProducts<T> products);

// Each product runs on the thread that asks for it. Nothing where OpenBLAS was not found when this was built.
[[nodiscard]] std::optional<TileProducts<float>> openblas_products(const Problem& problem);
// Prepared for tiles of `size` and of size.queries x size.queries; nothing where oneDNN has no products of such
// numbers.
template <class T>
[[nodiscard]] std::optional<TileProducts<T>> onednn_products(const Problem& problem, TileSize size, int threads);

[[nodiscard]] std::string openblas_version();  // and the processor it chose its code for; empty where it was not found
[[nodiscard]] std::string onednn_version();

}  // namespace mobasim::benchmark
