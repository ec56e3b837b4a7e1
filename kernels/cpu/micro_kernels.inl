// The source of the inner loops. Included by one .cpp per instruction set, which defines
//   MOBASIM_MICRO_NAMESPACE, MOBASIM_VECTOR_BYTES, MOBASIM_TILE_ROWS, MOBASIM_TILE_VECTORS.
// It uses the compiler's vector extension and nothing of the standard library: an inline function of the library that
// is compiled here with AVX-512 could be the copy that the linker keeps for the whole program.
#include "kernels/cpu/micro_kernels.h"

namespace mobasim::kernels::MOBASIM_MICRO_NAMESPACE {
namespace {

using i64 = std::int64_t;
constexpr int kWidth = MOBASIM_VECTOR_BYTES / 4;
typedef float Vector __attribute__((vector_size(MOBASIM_VECTOR_BYTES), aligned(4), may_alias));
typedef std::int32_t Integers __attribute__((vector_size(MOBASIM_VECTOR_BYTES), aligned(4), may_alias));
typedef std::uint32_t Bits __attribute__((vector_size(MOBASIM_VECTOR_BYTES), aligned(4), may_alias));

#define MOBASIM_INLINE inline __attribute__((always_inline))

MOBASIM_INLINE Vector load(const float* p) { return *reinterpret_cast<const Vector*>(p); }
MOBASIM_INLINE Integers load(const std::int32_t* p) { return *reinterpret_cast<const Integers*>(p); }
MOBASIM_INLINE void store(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }
MOBASIM_INLINE void store(std::int32_t* p, Integers v) { *reinterpret_cast<Integers*>(p) = v; }
MOBASIM_INLINE Vector all(float value) { return value - Vector{}; }
MOBASIM_INLINE Integers all(std::int32_t value) { return value - Integers{}; }

// One register tile: kRows x (kVectors * kWidth) of c over the whole depth, summed from 0 and then added: sums of many
// tiles round less so.
template <int kRows, int kVectors>
MOBASIM_INLINE void tile(i64 depth, LeftOperand a, const float* b, i64 b_row, float* c, i64 c_row, bool add) {
  Vector sum[kRows][kVectors];
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) sum[i][j] = Vector{};
  }
  const float* left = a.data;
  for (i64 p = 0; p < depth; ++p, left += a.step, b += b_row) {
    Vector right[kVectors];
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) right[j] = load(b + j * kWidth);
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
      const Vector one = all(left[i * a.row]);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) sum[i][j] += one * right[j];
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) {
      float* at = c + i * c_row + j * kWidth;
      store(at, add ? load(at) + sum[i][j] : sum[i][j]);
    }
  }
}

template <int kRows, int kVectors>
void panel(i64 rows, i64 depth, LeftOperand a, const float* b, i64 b_row, float* c, i64 c_row, bool add) {
  i64 i = 0;
  for (; i + kRows <= rows; i += kRows) {
    tile<kRows, kVectors>(depth, {a.data + i * a.row, a.row, a.step}, b, b_row, c + i * c_row, c_row, add);
  }
  for (; i < rows; ++i) {
    tile<1, kVectors>(depth, {a.data + i * a.row, a.row, a.step}, b, b_row, c + i * c_row, c_row, add);
  }
}

void multiply(i64 rows, i64 columns, i64 depth, LeftOperand a, const float* b, i64 b_row, float* c, i64 c_row,
              bool add) {
  constexpr int kWide = MOBASIM_TILE_VECTORS * kWidth;
  i64 j = 0;
  for (; j + kWide <= columns; j += kWide) {
    panel<MOBASIM_TILE_ROWS, MOBASIM_TILE_VECTORS>(rows, depth, a, b + j, b_row, c + j, c_row, add);
  }
  for (; j < columns; j += kWidth) {
    panel<MOBASIM_TILE_ROWS, 1>(rows, depth, a, b + j, b_row, c + j, c_row, add);
  }
}

MOBASIM_INLINE LeftOperand shifted(LeftOperand a, i64 i, i64 p) {
  return {a.data + i * a.row + p * a.step, a.row, a.step};
}

void multiply_ranges(i64 rows, i64 columns, SumRange range, LeftOperand a, const float* b, i64 b_row, float* c,
                     i64 c_row) {
  for (i64 first = 0; first < rows; first += MOBASIM_TILE_ROWS) {
    const i64 last = first + MOBASIM_TILE_ROWS < rows ? first + MOBASIM_TILE_ROWS : rows;
    i64 begin = range.begin[first], end = range.end[first];  // what all rows of the group share
    for (i64 i = first; i < last; ++i) {
      begin = range.begin[i] > begin ? range.begin[i] : begin;
      end = range.end[i] < end ? range.end[i] : end;
    }
    const bool shared = begin < end;
    if (shared) {
      multiply(last - first, columns, end - begin, shifted(a, first, begin), b + begin * b_row, b_row,
               c + first * c_row, c_row, true);
    }
    for (i64 i = first; i < last; ++i) {
      const i64 head_end = shared ? begin : range.end[i];
      if (range.begin[i] < head_end) {
        multiply(1, columns, head_end - range.begin[i], shifted(a, i, range.begin[i]), b + range.begin[i] * b_row,
                 b_row, c + i * c_row, c_row, true);
      }
      if (shared && end < range.end[i]) {
        multiply(1, columns, range.end[i] - end, shifted(a, i, end), b + end * b_row, b_row, c + i * c_row, c_row,
                 true);
      }
    }
  }
}

// e^x for x <= 88, 0 below -87.3 (f32's normal range), NaN for NaN; within 2^-23 relative.
// x = n ln 2 + r; the polynomial is the Taylor series of e^r to r^7 on |r| <= ln 2 / 2 (remainder < 2^-27).
MOBASIM_INLINE Vector exponential(Vector x) {
  const Integers tiny = x < all(-87.3f);
  const Vector shift = all(12582912.0f);  // 1.5 * 2^23: rounds to an integer in the low bits
  const Vector shifted_n = x * all(1.44269504088896341f) + shift;
  const Vector n = shifted_n - shift;
  Vector r = x - n * all(0.693359375f);  // ln 2 in two parts (Cody and Waite)
  r = r - n * all(-2.12194440e-4f);
  Vector y = all(1.0f / 5040.0f);
  y = y * r + all(1.0f / 720.0f);
  y = y * r + all(1.0f / 120.0f);
  y = y * r + all(1.0f / 24.0f);
  y = y * r + all(1.0f / 6.0f);
  y = y * r + all(0.5f);
  y = y * (r * r) + r;
  y = y + all(1.0f);
  const Bits power = ((Bits)shifted_n - (Bits)shift + 127u) << 23;
  const Bits kept = (Bits)(y * (Vector)power) & ~(Bits)tiny;
  return (Vector)kept;
}

MOBASIM_INLINE Vector chosen(Integers condition, Vector yes, Vector no) {
  return (Vector)(((Bits)condition & (Bits)yes) | (~(Bits)condition & (Bits)no));
}
MOBASIM_INLINE Integers chosen(Integers condition, Integers yes, Integers no) {
  return (condition & yes) | (~condition & no);
}

void softmax_step(float* scores, i64 keys, i64 lanes, float scale, const std::int32_t* limit, float* m, float* sum,
                  float* factor) {
  for (i64 lane = 0; lane < lanes; lane += kWidth) {
    const Integers last = load(limit + lane);
    const Vector before = load(m + lane);
    Vector greatest = before;
    for (i64 j = 0; j < keys; ++j) {
      const Vector x = load(scores + j * kLanes + lane) * all(scale);
      const Integers better = (x > greatest) & (all(static_cast<std::int32_t>(j)) < last);
      greatest = chosen(better, x, greatest);
    }
    Vector total{};
    for (i64 j = 0; j < keys; ++j) {
      float* at = scores + j * kLanes + lane;
      const Vector p = exponential(load(at) * all(scale) - greatest);
      const Vector seen = chosen(all(static_cast<std::int32_t>(j)) < last, p, Vector{});
      store(at, seen);
      total += seen;
    }
    const Vector shrink = exponential(before - greatest);
    store(m + lane, greatest);
    store(factor + lane, shrink);
    store(sum + lane, load(sum + lane) * shrink + total);
  }
}

void scale_rows(float* rows, i64 count, i64 columns, const float* factor) {
  for (i64 i = 0; i < count; ++i) {
    if (factor[i] == 1.0f) continue;
    for (i64 j = 0; j < columns; j += kWidth) {
      float* at = rows + i * columns + j;
      store(at, load(at) * all(factor[i]));
    }
  }
}

void softmax_backward(float* scores, float* dp, i64 keys, i64 lanes, float scale, const std::int32_t* limit,
                      const float* lse_high, const float* lse_low, const float* delta) {
  for (i64 lane = 0; lane < lanes; lane += kWidth) {
    const Integers last = load(limit + lane);
    const Vector high = load(lse_high + lane), low = load(lse_low + lane), shift = load(delta + lane);
    for (i64 j = 0; j < keys; ++j) {
      float* s = scores + j * kLanes + lane;
      float* g = dp + j * kLanes + lane;
      const Integers seen = all(static_cast<std::int32_t>(j)) < last;
      const Vector p = exponential((load(s) * all(scale) - high) - low);
      store(s, chosen(seen, p, Vector{}));
      store(g, chosen(seen, p * (load(g) - shift) * all(scale), Vector{}));
    }
  }
}

void top_blocks(const float* scores, i64 blocks, i64 lanes, i64 slots, const std::int32_t* past, std::int32_t* best,
                float* scratch) {
  const Vector lowest = all(-__builtin_inff());
  for (i64 lane = 0; lane < lanes; lane += kWidth) {
    for (i64 s = 0; s < slots; ++s) {
      store(best + s * kLanes + lane, all(-1));
      store(scratch + s * kLanes + lane, lowest);
    }
    const Integers open = load(past + lane);
    for (i64 i = 0; i < blocks; ++i) {
      const Vector score = load(scores + i * kLanes + lane);
      Vector value = chosen(score == score, score, lowest);
      Integers block = chosen(all(static_cast<std::int32_t>(i)) < open, all(static_cast<std::int32_t>(i)), all(-1));
      for (i64 s = 0; s < slots; ++s) {  // insert, and carry on what was pushed out
        float* kept_value = scratch + s * kLanes + lane;
        std::int32_t* kept_block = best + s * kLanes + lane;
        const Vector old_value = load(kept_value);
        const Integers old_block = load(kept_block);
        const Integers taken = ((value > old_value) | (old_block < 0)) & (block >= 0);
        store(kept_value, chosen(taken, value, old_value));
        store(kept_block, chosen(taken, block, old_block));
        value = chosen(taken, old_value, value);
        block = chosen(taken, old_block, block);
      }
    }
  }
}

double multiply_adds(double count, float* sink) {
  constexpr int kChains = MOBASIM_VECTOR_BYTES == 64 ? 24 : 12;
  Vector sum[kChains];
  for (int i = 0; i < kChains; ++i) sum[i] = all(static_cast<float>(i));
  Vector factor = all(0.999f), term = all(0.001f);
  __asm__ volatile("" : "+m"(factor), "+m"(term));
  const i64 rounds = static_cast<i64>(count / (kChains * kWidth)) + 1;
  for (i64 r = 0; r < rounds; ++r) {
#pragma GCC unroll 24
    for (int i = 0; i < kChains; ++i) sum[i] = sum[i] * factor + term;
  }
  Vector total{};
  for (int i = 0; i < kChains; ++i) total += sum[i];
  for (int i = 0; i < kWidth; ++i) *sink += total[i];
  return static_cast<double>(rounds) * kChains * kWidth;
}

}  // namespace

extern const MicroKernels table;
const MicroKernels table = {MOBASIM_MICRO_NAME, multiply,         multiply_ranges, softmax_step,
                            scale_rows,         softmax_backward, top_blocks,      multiply_adds};

}  // namespace mobasim::kernels::MOBASIM_MICRO_NAMESPACE
