// Which keys a query attends to, and where their rows lie: shared by the forward and backward reference.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/problem.h"

namespace mobasim::kernels {

// Tokens that (token, head) attends to, ascending, by the mechanism and the picks of the gate. The sequence has
// `length` tokens from `begin`.
[[nodiscard]] std::vector<std::int64_t> attended_keys(const Problem& problem, const Selection& selection,
                                                      std::int64_t begin, std::int64_t length, std::int64_t token,
                                                      std::int64_t head);

// In four sums, for speed; always in the same order.
[[nodiscard]] inline double dot(const double* a, const double* b, std::int64_t size) {
  double sum[4] = {};
  std::int64_t c = 0;
  for (; c + 4 <= size; c += 4) {
    for (std::int64_t i = 0; i < 4; ++i) sum[i] += a[c + i] * b[c + i];
  }
  for (; c < size; ++c) sum[0] += a[c] * b[c];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// sum += factor * row, and the same with the row's absolute values. The sum is none of the rows that are read.
inline void add_scaled(double factor, const double* __restrict row, double* __restrict sum, std::int64_t size) {
  for (std::int64_t c = 0; c < size; ++c) sum[c] += factor * row[c];
}
inline void add_scaled_magnitude(double factor, const double* __restrict row, double* __restrict sum,
                                 std::int64_t size) {
  for (std::int64_t c = 0; c < size; ++c) sum[c] += factor * std::abs(row[c]);
}

// The row of k or v that query head `head` reads for `token`.
[[nodiscard]] inline const double* key_row(const Problem& problem, std::span<const double> tensor, std::int64_t token,
                                           std::int64_t head) {
  return tensor.data() + (token * problem.kv_heads + kv_head_of(problem, head)) * problem.head_dim;
}

}  // namespace mobasim::kernels
