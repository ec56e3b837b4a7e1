// What stands between the matrix products of a yardstick, row by row of a tile of scores [queries, keys]. Row i sees
// the keys before limit + i. This file's functions are compiled for the machine that builds them.
#pragma once

#include <cstdint>

#include "kernels/bf16.h"

namespace mobasim::benchmark {

struct ScoreTile {
  std::int64_t queries, keys;
  std::int64_t limit;  // keys seen by row 0
  float scale;
};

// Online softmax: p = exp(scale scores - m), 0 beyond the limit; m and sum are carried from tile to tile, the rows of
// out [queries, dim] shrink by what m grew. p may be `scores`.
template <class T>
void softmax_tile(const ScoreTile& tile, float* scores, T* p, float* m, float* sum, float* out, std::int64_t dim);

// p = exp(scale scores - lse), d_s = p (d_p - delta) scale; both 0 beyond the limit. p may be `scores`, d_s `d_p`.
template <class T>
void softmax_backward_tile(const ScoreTile& tile, float* scores, float* d_p, const float* lse, const float* delta, T* p,
                           T* d_s);

// out[i] = factor in[i]
template <class T>
void scaled_copy(std::int64_t count, const float* in, float factor, T* out);

template <class T>
[[nodiscard]] float dot(std::int64_t count, const T* a, const T* b);

}  // namespace mobasim::benchmark
