#include "kernels/simt/tensor_core.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/simt/numbers.h"
#include "kernels/vectors.h"

namespace mobasim::kernels::simt::executor {
namespace {

constexpr int kRows = 16, kColumns = 8, kDepth = 16;

struct Matrices {
  float a[kRows][kDepth], b[kDepth][kColumns], d[kRows][kColumns];
};

template <class Value>
void gather(Matrices& matrices, const MatrixProduct* const (&lanes)[kWarp], Value value) {
  for (int lane = 0; lane < kWarp; ++lane) {
    const MatrixProduct& own = *lanes[lane];
    const int g = lane / 4, c = 2 * (lane % 4);
    for (int i = 0; i < 4; ++i) {
      const int row = g + 8 * (i % 2), column = c + 8 * (i / 2);
      matrices.a[row][column] = value(own.a[i] & 0xffffu);
      matrices.a[row][column + 1] = value(own.a[i] >> 16);
    }
    for (int i = 0; i < 2; ++i) {
      matrices.b[c + 8 * i][g] = value(own.b[i] & 0xffffu);
      matrices.b[c + 8 * i + 1][g] = value(own.b[i] >> 16);
    }
    for (int i = 0; i < 4; ++i) matrices.d[g + 8 * (i / 2)][c + i % 2] = own.d[i];
  }
}

// Products of 16-bit numbers are exact in f32, so that a product and a sum are a fused multiply-add. Four rows at a
// time: a sum waits for the one before it, but not for those of other rows.
MOBASIM_WIDE_VECTORS
void multiply_exact(Matrices& matrices) {
  constexpr int kTogether = 4;
  using Row = float __attribute__((vector_size(kColumns * sizeof(float))));
  for (int first = 0; first < kRows; first += kTogether) {
    Row sum[kTogether];
    std::memcpy(sum, matrices.d[first], sizeof sum);
    for (int k = 0; k < kDepth; ++k) {
      Row b;
      std::memcpy(&b, matrices.b[k], sizeof b);
      for (int row = 0; row < kTogether; ++row) sum[row] += matrices.a[first + row][k] * b;
    }
    std::memcpy(matrices.d[first], sum, sizeof sum);
  }
}

// The sum of 8 products and one number, aligned to the largest exponent and cut to 24 bits.
float truncated_sum(float start, const float* a, const float (*b)[kColumns], int column) {
  constexpr int kTerms = 8, kBits = 24;
  double terms[kTerms + 1] = {start};
  for (int k = 0; k < kTerms; ++k) terms[k + 1] = static_cast<double>(a[k]) * b[k][column];
  double plain = 0, largest = 0;
  for (const double term : terms) {
    plain += term;
    largest = std::max(largest, std::fabs(term));
  }
  if (!std::isfinite(plain) || largest == 0) return static_cast<float>(plain);
  const double unit = std::ldexp(1.0, std::ilogb(largest) - (kBits - 1));
  double sum = 0;
  for (const double term : terms) sum += std::trunc(term / unit) * unit;
  if (sum == 0) return 0;
  const double result_unit = std::ldexp(1.0, std::ilogb(sum) - (kBits - 1));
  return static_cast<float>(std::trunc(sum / result_unit) * result_unit);
}

void multiply_truncating(Matrices& matrices) {
  for (int row = 0; row < kRows; ++row) {
    for (int j = 0; j < kColumns; ++j) {
      float& d = matrices.d[row][j];
      for (int k = 0; k < kDepth; k += 8) d = truncated_sum(d, matrices.a[row] + k, matrices.b + k, j);
    }
  }
}

}  // namespace

void multiply_matrices(const MatrixProduct* const (&lanes)[kWarp], bool bf16, Rounding rounding) {
  Matrices matrices;
  if (bf16) {
    gather(matrices, lanes, [](std::uint32_t bits) { return bf16_value(bits); });
  } else {
    gather(matrices, lanes, [](std::uint32_t bits) { return fp16_value(bits); });
  }
  if (rounding == Rounding::exact) {
    multiply_exact(matrices);
  } else {
    multiply_truncating(matrices);
  }
  for (int lane = 0; lane < kWarp; ++lane) {
    const int g = lane / 4, c = 2 * (lane % 4);
    for (int i = 0; i < 4; ++i) lanes[lane]->d[i] = matrices.d[g + 8 * (i / 2)][c + i % 2];
  }
}

}  // namespace mobasim::kernels::simt::executor
