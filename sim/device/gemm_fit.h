// The time of gemms as a device's own measured rows give it (A28).
//
//   smooth  = start + per_flop 2 m n k + left m k + right k n + result m n
//   seconds = smooth exp(sum w_i r_i / (1 + sum w_i)),   w_i = exp(-d_i^2 / 2)
//
// The coefficients minimise the absolute relative error over the rows, none below 0 (Lawson and Hanson 1974, chapter
// 23): the work, and what each operand costs to be read, packed and written. r_i is the logarithm of what row i took
// over `smooth` (at most three times their median size), d_i its distance in octaves of m, n and k: near measured
// shapes their rows are followed (Nadaraya 1964, Watson 1964), with the weight of one row on the smooth part, since
// every row is noisy. A row whose median is known badly weighs less, in both: by s^2 / (s^2 + e^2), e its standard
// error (standard_error, sim/base/profile.h) and s the median size of the residuals.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/device/device.h"

namespace mobasim {

struct GemmFit {
  double start = 0, per_flop = 0, left = 0, right = 0, result = 0;  // seconds; and per value of each operand
  struct Row {
    std::array<double, 3> octaves{};  // log2 of m, n, k
    double residual = 0;
    double weight = 1;  // 1: as well known as the others fit
  };
  std::vector<Row> rows;
  std::array<double, 3> least{}, most{};  // of the octaves of the rows
};
// Nothing without three rows of the dtype; with fewer than eight only start and per_flop. Rows of a disturbed machine
// count only where fewer than three others are left.
[[nodiscard]] std::optional<GemmFit> gemm_fit(const Device& device, std::string_view dtype);

[[nodiscard]] double gemm_seconds(const GemmFit& fit, double m, double n, double k);
// Whether each of m, n and k lies within what the rows span.
[[nodiscard]] bool covers(const GemmFit& fit, double m, double n, double k);

}  // namespace mobasim
