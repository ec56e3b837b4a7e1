#include "kernels/cpu/tile.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/context.h"

namespace mobasim::kernels {
namespace {

std::size_t size_of(std::int64_t rows, std::int64_t columns) { return static_cast<std::size_t>(rows * columns); }

// rows[r] -> transposed[., r] and, where wanted, packed[r, .]; what lies beyond is 0.
void take_rows(const Tile& tile, const float* from, std::int64_t stride, float* transposed, float* row_major) {
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    const float* row = from + tile.token[r] * stride;
    for (std::int64_t c = 0; c < tile.head_dim; ++c) transposed[c * kLanes + r] = row[c];
    if (row_major != nullptr) {
      std::copy_n(row, tile.head_dim, row_major + r * tile.columns);
      std::fill(row_major + r * tile.columns + tile.head_dim, row_major + (r + 1) * tile.columns, 0.0f);
    }
  }
  for (std::int64_t c = 0; c < tile.head_dim; ++c) {
    std::fill(transposed + c * kLanes + tile.rows, transposed + c * kLanes + tile.lanes, 0.0f);
  }
}

void take_tokens(Tile& tile, const std::int64_t* tokens, std::int64_t count) {
  tile.rows = count;
  tile.lanes = padded(count);
  std::copy_n(tokens, count, tile.token);
}

// How many of the keys [first, first + keys) each lane sees; true when all rows see all of them.
bool set_limits(Tile& tile, std::int64_t first, std::int64_t keys, Mask mask) {
  bool all = true;
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    const std::int64_t seen = mask == Mask::none ? keys : std::clamp<std::int64_t>(tile.token[r] + 1 - first, 0, keys);
    tile.limit[r] = static_cast<std::int32_t>(seen);
    all = all && seen == keys;
  }
  std::fill(tile.limit + tile.rows, tile.limit + kLanes, 0);
  return all;
}

// begin[j]: the first row that sees key j, when a causal run is cut by the diagonal.
void set_begins(Tile& tile, std::int64_t keys) {
  std::int64_t row = 0;
  for (std::int64_t j = 0; j < keys; ++j) {
    while (row < tile.rows && tile.limit[row] <= j) ++row;
    tile.begin[j] = static_cast<std::int32_t>(row);
  }
}

// scores[keys, lanes] = rows[keys, head_dim] transposed[head_dim, lanes], summed in parts of kDepth: an error of a
// score is an error of e to its power, and shorter sums round less.
void row_products(const Tile& tile, const MicroKernels& micro, const float* rows, std::int64_t count,
                  const Buffer<float>& transposed, Buffer<float>& scores) {
  constexpr std::int64_t kDepth = 32;
  for (std::int64_t c = 0; c < tile.head_dim; c += kDepth) {
    micro.multiply(count, tile.lanes, std::min(kDepth, tile.head_dim - c), {rows + c, tile.columns, 1},
                   transposed.data() + c * kLanes, kLanes, scores.data(), kLanes, c > 0);
  }
}

constexpr std::int32_t kZeros[kLanes] = {};

}  // namespace

Tile::Tile(std::int64_t dim)
    : head_dim(dim),
      columns(padded(dim)),
      q_t(size_of(dim, kLanes)),
      scores(size_of(kTileKeys, kLanes)),
      o(size_of(kLanes, columns)),
      q(size_of(kLanes, columns)),
      d_o(size_of(kLanes, columns)),
      d_o_t(size_of(dim, kLanes)),
      dp(size_of(kTileKeys, kLanes)),
      dq(size_of(kLanes, columns)) {}

void begin_forward(Tile& tile, const CpuContext& context, std::int64_t head, const std::int64_t* tokens,
                   std::int64_t count) {
  const Problem& problem = context.problem;
  take_tokens(tile, tokens, count);
  take_rows(tile, context.inputs.q.data() + head * problem.head_dim, problem.heads * problem.head_dim, tile.q_t.data(),
            nullptr);
  std::fill_n(tile.o.data(), count * tile.columns, 0.0f);
  std::fill_n(tile.m, kLanes, kLowest);
  std::fill_n(tile.sum, kLanes, 0.0f);
}

void attend(Tile& tile, const CpuContext& context, std::int64_t kv_head, std::int64_t first, std::int64_t last,
            Mask mask) {
  const MicroKernels& micro = context.micro;
  const PackedKeys& keys = context.keys;
  const float scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(tile.head_dim)));
  const std::int64_t end = mask == Mask::none ? last : std::min(last, tile.token[tile.rows - 1] + 1);
  for (std::int64_t at = first; at < end; at += kTileKeys) {
    const std::int64_t count = std::min(kTileKeys, end - at);
    const float* k = keys.k.data() + keys.offset(kv_head, at);
    const float* v = keys.v.data() + keys.offset(kv_head, at);
    const bool all = set_limits(tile, at, count, mask);
    row_products(tile, micro, k, count, tile.q_t, tile.scores);
    micro.softmax_step(tile.scores.data(), count, tile.lanes, scale, tile.limit, tile.m, tile.sum, tile.factor);
    micro.scale_rows(tile.o.data(), tile.rows, tile.columns, tile.factor);
    const LeftOperand p = {tile.scores.data(), 1, kLanes};
    if (all) {
      micro.multiply(tile.rows, tile.columns, count, p, v, tile.columns, tile.o.data(), tile.columns, true);
    } else {
      micro.multiply_ranges(tile.rows, tile.columns, {kZeros, tile.limit}, p, v, tile.columns, tile.o.data(),
                            tile.columns);
    }
  }
}

void write_rows(const Tile& tile, const CpuContext& context, std::int64_t head) {
  const Problem& problem = context.problem;
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    const float inverse = 1.0f / tile.sum[r];
    const float* from = tile.o.data() + r * tile.columns;
    float* to = context.o + (tile.token[r] * problem.heads + head) * problem.head_dim;
    for (std::int64_t c = 0; c < tile.head_dim; ++c) to[c] = from[c] * inverse;
    context.lse[tile.token[r] * problem.heads + head] =
        static_cast<double>(tile.m[r]) + std::log(static_cast<double>(tile.sum[r]));
  }
}

void begin_backward(Tile& tile, const CpuContext& context, std::int64_t head, const std::int64_t* tokens,
                    std::int64_t count) {
  const Problem& problem = context.problem;
  const Inputs<float>& inputs = context.inputs;
  take_tokens(tile, tokens, count);
  const std::int64_t stride = problem.heads * problem.head_dim;
  take_rows(tile, inputs.q.data() + head * problem.head_dim, stride, tile.q_t.data(), tile.q.data());
  take_rows(tile, inputs.d_o.data() + head * problem.head_dim, stride, tile.d_o_t.data(), tile.d_o.data());
  std::fill_n(tile.dq.data(), count * tile.columns, 0.0f);
  for (std::int64_t r = 0; r < kLanes; ++r) {
    const std::size_t at = r < count ? static_cast<std::size_t>(tokens[r] * problem.heads + head) : 0;
    const double lse = r < count ? context.lse[at] : 0;
    tile.lse_high[r] = static_cast<float>(lse);
    tile.lse_low[r] = static_cast<float>(lse - static_cast<double>(tile.lse_high[r]));
    tile.delta[r] = r < count ? context.delta[at] : 0.0f;
  }
}

void attend_backward(Tile& tile, const CpuContext& context, std::int64_t kv_head, std::int64_t first, std::int64_t last,
                     Mask mask) {
  const MicroKernels& micro = context.micro;
  const PackedKeys& keys = context.keys;
  float* const dk = const_cast<float*>(context.gradients.dk.data());
  float* const dv = const_cast<float*>(context.gradients.dv.data());
  const float scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(tile.head_dim)));
  const std::int64_t end = mask == Mask::none ? last : std::min(last, tile.token[tile.rows - 1] + 1);
  const std::int64_t columns = tile.columns;
  for (std::int64_t at = first; at < end; at += kTileKeys) {
    const std::int64_t count = std::min(kTileKeys, end - at), offset = keys.offset(kv_head, at);
    const float *k = keys.k.data() + offset, *v = keys.v.data() + offset;
    const bool all = set_limits(tile, at, count, mask);
    row_products(tile, micro, k, count, tile.q_t, tile.scores);
    row_products(tile, micro, v, count, tile.d_o_t, tile.dp);
    micro.softmax_backward(tile.scores.data(), tile.dp.data(), count, tile.lanes, scale, tile.limit, tile.lse_high,
                           tile.lse_low, tile.delta);
    const LeftOperand p = {tile.scores.data(), kLanes, 1}, ds = {tile.dp.data(), kLanes, 1};
    const LeftOperand ds_t = {tile.dp.data(), 1, kLanes};
    if (all) {
      micro.multiply(count, columns, tile.rows, p, tile.d_o.data(), columns, dv + offset, columns, true);
      micro.multiply(count, columns, tile.rows, ds, tile.q.data(), columns, dk + offset, columns, true);
      micro.multiply(tile.rows, columns, count, ds_t, k, columns, tile.dq.data(), columns, true);
    } else {
      set_begins(tile, count);
      std::int32_t ends[kTileKeys];
      std::fill_n(ends, kTileKeys, static_cast<std::int32_t>(tile.rows));
      micro.multiply_ranges(count, columns, {tile.begin, ends}, p, tile.d_o.data(), columns, dv + offset, columns);
      micro.multiply_ranges(count, columns, {tile.begin, ends}, ds, tile.q.data(), columns, dk + offset, columns);
      micro.multiply_ranges(tile.rows, columns, {kZeros, tile.limit}, ds_t, k, columns, tile.dq.data(), columns);
    }
  }
}

}  // namespace mobasim::kernels
