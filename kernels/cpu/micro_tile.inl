// Products of matrices in register tiles, over operations of one instruction set. Included inside a namespace that is
// compiled for that set; Operations has
//   Vector, kWidth floats; zero() load(p) store(p, v) broadcast(p) add(a, b) add_product(sum, a, b)
//   kVectors: vectors of a tile's columns; kRows: rows of a tile of so many vectors, a power of two.

// kRows x (kVectors * kWidth) of c over the whole depth, summed from 0 and then added: sums of many tiles round less so.
template <class Operations, int kRows, int kVectors>
MOBASIM_INLINE void tile(i64 depth, LeftOperand a, const float* b, i64 b_row, float* c, i64 c_row, bool add) {
  using Vector = typename Operations::Vector;
  Vector sum[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) sum[i][j] = Operations::zero();
  }
  const float* left = a.data;
  for (i64 p = 0; p < depth; ++p, left += a.step, b += b_row) {
    Vector right[kVectors];
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) right[j] = Operations::load(b + j * Operations::kWidth);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Vector one = Operations::broadcast(left + i * a.row);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) sum[i][j] = Operations::add_product(sum[i][j], one, right[j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) {
      float* at = c + i * c_row + j * Operations::kWidth;
      Operations::store(at, add ? Operations::add(Operations::load(at), sum[i][j]) : sum[i][j]);
    }
  }
}

// All rows of kVectors columns: tiles of kRows, and of halves of it for what is left.
template <class Operations, int kRows, int kVectors>
MOBASIM_INLINE void panel(i64 rows, i64 depth, LeftOperand a, const float* b, i64 b_row, float* c, i64 c_row,
                          bool add) {
  i64 i = 0;
  for (; i + kRows <= rows; i += kRows) {
    tile<Operations, kRows, kVectors>(depth, {a.data + i * a.row, a.row, a.step}, b, b_row, c + i * c_row, c_row, add);
  }
  if constexpr (kRows > 1) {
    if (i < rows) {
      panel<Operations, kRows / 2, kVectors>(rows - i, depth, {a.data + i * a.row, a.row, a.step}, b, b_row,
                                             c + i * c_row, c_row, add);
    }
  }
}

template <class Operations, int kVectors>
MOBASIM_INLINE void columns_of(i64 rows, i64 columns, i64 depth, LeftOperand a, const float* b, i64 b_row, float* c,
                               i64 c_row, bool add) {
  constexpr i64 kWide = kVectors * Operations::kWidth;
  i64 j = 0;
  for (; j + kWide <= columns; j += kWide) {
    panel<Operations, Operations::template kRows<kVectors>, kVectors>(rows, depth, a, b + j, b_row, c + j, c_row, add);
  }
  if constexpr (kVectors > 1) {
    if (j < columns) {
      columns_of<Operations, kVectors - 1>(rows, columns - j, depth, a, b + j, b_row, c + j, c_row, add);
    }
  }
}

template <class Operations>
void multiply(i64 rows, i64 columns, i64 depth, LeftOperand a, const float* b, i64 b_row, float* c, i64 c_row,
              bool add) {
  columns_of<Operations, Operations::kVectors>(rows, columns, depth, a, b, b_row, c, c_row, add);
}

// About `count` multiply-adds of floats (or of values of pairs) on kChains independent sums.
template <class Operations, int kChains>
double chains(double count, int values, float* sink) {
  using Vector = typename Operations::Vector;
  // Read from memory that the compiler knows nothing of, or it would find all chains to be one.
  alignas(64) float start[kChains * Operations::kWidth], factors[Operations::kWidth];
  for (float& value : start) value = 1.0f;
  for (float& value : factors) value = 1e-3f;
  __asm__ volatile("" : : "r"(start), "r"(factors) : "memory");
  const Vector a = Operations::load(start), b = Operations::load(factors);
  Vector sum[kChains];
#pragma GCC unroll 32
  for (int i = 0; i < kChains; ++i) sum[i] = Operations::load(start + i * Operations::kWidth);
  const i64 rounds = static_cast<i64>(count / (kChains * Operations::kWidth * values)) + 1;
  for (i64 r = 0; r < rounds; ++r) {
#pragma GCC unroll 32
    for (int i = 0; i < kChains; ++i) sum[i] = Operations::add_product(sum[i], a, b);
  }
#pragma GCC unroll 32
  for (int i = 1; i < kChains; ++i) sum[0] = Operations::add(sum[0], sum[i]);
  Operations::store(start, sum[0]);
  for (int i = 0; i < Operations::kWidth; ++i) *sink += start[i];
  return static_cast<double>(rounds) * kChains * Operations::kWidth * values;
}
