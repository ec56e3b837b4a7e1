// The inner loops of the CPU kernels, as a table of functions: one table for each instruction set, compiled from one
// source (micro_kernels.inl) with different compiler flags, the best one chosen when the program runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mobasim::kernels {

inline constexpr int kLanes = 64;           // queries in a tile; rows of a tile of scores are this long
inline constexpr int kColumnMultiple = 16;  // padded head_dim and lane counts are multiples of this

// An operand a[i, p] = data[i * row + p * step], i over rows of the product, p over what is summed.
struct LeftOperand {
  const float* data;
  std::int64_t row, step;
};

// For row i of a product only begin[i] <= p < end[i] is summed; what lies outside is not touched (it may be NaN).
struct SumRange {
  const std::int32_t* begin;
  const std::int32_t* end;
};

struct MicroKernels {
  const char* name;  // "baseline", "avx2", "avx512"

  // c[rows, columns] = (add ? c : 0) + a[rows, depth] b[depth, columns]; columns a multiple of 16, b and c row-major
  // with b_row and c_row floats a row.
  void (*multiply)(std::int64_t rows, std::int64_t columns, std::int64_t depth, LeftOperand a, const float* b,
                   std::int64_t b_row, float* c, std::int64_t c_row, bool add);
  // The same, adding, with a range of p for each row.
  void (*multiply_ranges)(std::int64_t rows, std::int64_t columns, SumRange range, LeftOperand a, const float* b,
                          std::int64_t b_row, float* c, std::int64_t c_row);

  // Online softmax over a tile of raw scores [keys, kLanes], in place: score -> exp(scale score - m), 0 where key >=
  // limit[lane]. m and sum [kLanes] are carried from tile to tile; factor[lane] is what earlier results shrink by.
  void (*softmax_step)(float* scores, std::int64_t keys, std::int64_t lanes, float scale, const std::int32_t* limit,
                       float* m, float* sum, float* factor);
  // rows[i, 0..columns) *= factor[i]
  void (*scale_rows)(float* rows, std::int64_t count, std::int64_t columns, const float* factor);
  // Backward of the softmax over a tile, in place: scores -> p = exp(scale score - lse), dp -> p (dp - delta) scale;
  // both 0 where key >= limit[lane]. lse = lse_high + lse_low.
  void (*softmax_backward)(float* scores, float* dp, std::int64_t keys, std::int64_t lanes, float scale,
                           const std::int32_t* limit, const float* lse_high, const float* lse_low, const float* delta);
  // The `slots` best of the gate's scores [blocks, kLanes] for each lane, of blocks < past[lane]: best [slots, kLanes]
  // holds block numbers, best first, -1 where there are fewer. On equal scores the lower block wins; NaN counts as
  // -infinity. scratch: [slots, kLanes].
  void (*top_blocks)(const float* scores, std::int64_t blocks, std::int64_t lanes, std::int64_t slots,
                     const std::int32_t* past, std::int32_t* best, float* scratch);
  // Runs about `multiply_adds` independent f32 multiply-adds on registers; returns how many, and a value through
  // `sink` that depends on all of them.
  double (*multiply_adds)(double count, float* sink);
};

// The instruction sets that this processor has and this program was built for, best first; never empty.
[[nodiscard]] const std::vector<const MicroKernels*>& micro_kernels();

}  // namespace mobasim::kernels
