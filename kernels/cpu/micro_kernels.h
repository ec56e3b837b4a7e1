// The inner loops of the CPU kernels, as tables of functions: one table for each instruction set, all from one source
// written with Highway (micro_*-inl.h), the best one that the processor has chosen when the program runs.
//
// Operands of products stand in units of 32 bits: one f32, or a pair of neighbouring bf16 values, the first in the
// lower half. A product of units is a product of floats, or the sum of the two products of a pair. Sums are always f32.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/bf16.h"

namespace mobasim::kernels::cpu {

inline constexpr int kLanes = 64;           // queries in a tile; rows of a tile of scores are this long
inline constexpr int kColumnMultiple = 16;  // padded head_dim and lane counts are multiples of this

// An operand a[i, p] = data[i * row + p * step], in units; i over rows of the product, p over what is summed.
struct LeftOperand {
  const float* data;
  std::int64_t row, step;
};

// A tile of raw scores [keys, kLanes], f32, and what its softmax is taken with.
struct ScoreTile {
  float* scores;
  std::int64_t keys, lanes;  // lanes: a multiple of kColumnMultiple
  double scale;
  const std::int32_t* limit;  // [kLanes]: lane r sees the keys below limit[r]; nullptr: all see all
};

// Carried from tile to tile: the greatest raw score and the sum of each lane; factor: what earlier results shrink by.
struct SoftmaxState {
  float *m, *sum, *factor;  // [kLanes]
};

// What the backward pass of the softmax reads, [kLanes] each: lse / scale in two parts, and delta.
struct SoftmaxGradient {
  const float *lse_high, *lse_low, *delta;
};

// Weights of a tile as left operands of products: summed over the lanes for each key, and over the keys for each lane.
struct Weights {
  float *p_by_key, *ds_by_key;  // rows of keys
  float* ds_by_lane;            // columns of lanes, keys in units
};

// The functions that depend on the format of the operands.
struct Arithmetic {
  int values;  // in a unit: 1 f32, 2 bf16

  // c[rows, columns] = (add ? c : 0) + a[rows, depth] b[depth, columns]; columns a multiple of 16, b and c row-major
  // with b_row units and c_row floats a row.
  void (*multiply)(std::int64_t rows, std::int64_t columns, std::int64_t depth, LeftOperand a, const float* b,
                   std::int64_t b_row, float* c, std::int64_t c_row, bool add);
  // True when all values of b[count] units are finite.
  bool (*finite)(const float* b, std::int64_t count);
  // Online softmax, in place: score -> p = e^(scale (score - m)), 0 where it is not seen. In pairs the p of keys 2 i
  // and 2 i + 1 become row i of the tile; beyond the last key stands 0.
  void (*softmax)(const ScoreTile& tile, const SoftmaxState& state);
  // Backward: p = e^(scale score - lse) and ds = p (dp - delta) scale, both 0 where not seen; dp [keys, kLanes]. f32
  // leaves p in the scores and ds in dp; in pairs both are written to `weights`: by_key [keys, kLanes / 2] with the
  // lanes in pairs, by_lane [keys / 2, kLanes] with the keys in pairs.
  void (*softmax_backward)(const ScoreTile& tile, float* dp, const SoftmaxGradient& gradient, const Weights& weights);
};

struct MicroKernels {
  const char* name;  // "scalar", "neon", "avx2", "avx512", "avx512_bf16"
  Arithmetic f32, bf16;

  // rows[i, 0..columns) *= factor[i]
  void (*scale_rows)(float* rows, std::int64_t count, std::int64_t columns, const float* factor);
  // out[p, r] = rows[r][p] for r < count and p < depth, units; 0 for count <= r < lanes. out has kLanes units a row.
  void (*transpose)(const float* const* rows, std::int64_t count, std::int64_t lanes, std::int64_t depth, float* out);
  // out[i] = the pair (a[i], b[i]), i < count; count a multiple of 16.
  void (*interleave)(const std::uint16_t* a, const std::uint16_t* b, std::int64_t count, float* out);
  // out[i] = from[i] * factor for i < count, in f32 or rounded as narrowed() does. `from` can be read
  // up to the next multiple of 16.
  void (*write_f32)(const float* from, std::int64_t count, float factor, float* out);
  void (*write_bf16)(const float* from, std::int64_t count, float factor, Bf16* out);
  // The `slots` best of the gate's scores [blocks, kLanes] for each lane, of blocks < past[lane]: best [slots, kLanes]
  // holds block numbers in ascending order, then -1 where there are fewer. On equal scores the lower block wins; NaN
  // counts as -infinity. scratch: [slots, kLanes].
  void (*top_blocks)(const float* scores, std::int64_t blocks, std::int64_t lanes, std::int64_t slots,
                     const std::int32_t* past, std::int32_t* best, std::int32_t* scratch);
  // Runs about `count` independent multiply-adds of values on registers, f32 and bf16 (pairs by the instruction for
  // them; nullptr where there is none); returns how many, and a value through `sink` that depends on all of them.
  double (*multiply_adds)(double count, float* sink);
  double (*dot_products)(double count, float* sink);
};

// The instruction sets that this processor has and this program was built for, best first; never empty.
[[nodiscard]] const std::vector<const MicroKernels*>& micro_kernels();
// Throws ConfigError for a name that is not among them.
[[nodiscard]] const MicroKernels& micro_kernels_named(const std::string& name);

}  // namespace mobasim::kernels::cpu
