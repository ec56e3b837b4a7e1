// Small symmetric positive systems: what is left of linear algebra once a law has at most six coordinates.
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>

#include "fit/law/term_law.h"

namespace mobasim {

// The lower triangle L of A = L L' (Cholesky) of the leading n x n part; nothing where A is not positive definite.
[[nodiscard]] inline std::optional<CoordinateMatrix> cholesky(const CoordinateMatrix& a, std::size_t n) {
  CoordinateMatrix l{};
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = j; i < n; ++i) {
      double sum = a[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= l[i][k] * l[j][k];
      if (i == j) {
        if (!(sum > 1e-15 * std::abs(a[j][j]))) return std::nullopt;
        l[j][j] = std::sqrt(sum);
      } else {
        l[i][j] = sum / l[j][j];
      }
    }
  }
  return l;
}

// x of L L' x = b.
[[nodiscard]] inline Coordinates solved(const CoordinateMatrix& l, const Coordinates& b, std::size_t n) {
  Coordinates x{};
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = b[i];
    for (std::size_t k = 0; k < i; ++k) x[i] -= l[i][k] * x[k];
    x[i] /= l[i][i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) x[i] -= l[k][i] * x[k];
    x[i] /= l[i][i];
  }
  return x;
}

}  // namespace mobasim
