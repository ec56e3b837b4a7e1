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

// The sum of the `size` numbers term(0), term(1) ... in 16 sums, none of which waits for the one before; always in the
// same order.
template <class Term>
[[nodiscard]] inline double sum_of(std::int64_t size, Term term) {
  constexpr std::int64_t kSums = 16;
  double sum[kSums] = {};
  std::int64_t c = 0;
  for (; c + kSums <= size; c += kSums) {
    for (std::int64_t i = 0; i < kSums; ++i) sum[i] += term(c + i);
  }
  for (; c < size; ++c) sum[0] += term(c);
  for (std::int64_t half = kSums / 2; half > 0; half /= 2) {
    for (std::int64_t i = 0; i < half; ++i) sum[i] += sum[i + half];
  }
  return sum[0];
}
[[nodiscard]] inline double dot(const double* a, const double* b, std::int64_t size) {
  return sum_of(size, [=](std::int64_t c) { return a[c] * b[c]; });
}
[[nodiscard]] inline double absolute_dot(const double* a, const double* b, std::int64_t size) {
  return sum_of(size, [=](std::int64_t c) { return std::abs(a[c] * b[c]); });
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
