#include "kernels/cpu/tile.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/cpu/context.h"

namespace mobasim::kernels::cpu {
namespace {

std::size_t size_of(std::int64_t rows, std::int64_t columns) { return static_cast<std::size_t>(rows * columns); }

std::int64_t units_of(std::int64_t values, const Arithmetic& arithmetic) {
  return (values + arithmetic.values - 1) / arithmetic.values;
}

void take_tokens(Tile& tile, const std::int64_t* tokens, std::int64_t count) {
  tile.rows = count;
  tile.lanes = padded(count);
  std::copy_n(tokens, count, tile.token);
}

// The tile's rows of a tensor: transposed to [units of head_dim, kLanes] and, where wanted, to be summed over lanes:
// [rows in units, columns]; the second half of a pair beyond the last row is 0.
void take_rows(Tile& tile, const Context& context, const TensorRows& from, std::int64_t head, float* transposed,
               float* to_sum) {
  const Arithmetic& arithmetic = context.arithmetic;
  const std::int64_t units = tile.columns / arithmetic.values;
  const float* rows[kLanes];
  const bool as_it_is = from.head_dim == tile.columns && (from.dtype == Dtype::bf16) == (arithmetic.values == 2);
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    const float* row = static_cast<const float*>(from.row(tile.token[r], head));
    if (!as_it_is || reinterpret_cast<std::uintptr_t>(row) % alignof(float) != 0) {
      float* copy = tile.row_units.data() + r * units;
      copy_row(from, tile.token[r], head, arithmetic.values, tile.columns, copy);
      row = copy;
    }
    rows[r] = row;
  }
  context.micro.transpose(rows, tile.rows, tile.lanes, units, transposed);
  if (to_sum == nullptr) return;
  if (arithmetic.values == 1) {
    for (std::int64_t r = 0; r < tile.rows; ++r) std::copy_n(rows[r], units, to_sum + r * units);
    return;
  }
  const auto* zeros = reinterpret_cast<const std::uint16_t*>(tile.zeros.data());
  for (std::int64_t r = 0; r < tile.rows; r += 2) {
    const auto* first = reinterpret_cast<const std::uint16_t*>(rows[r]);
    const auto* second = r + 1 < tile.rows ? reinterpret_cast<const std::uint16_t*>(rows[r + 1]) : zeros;
    context.micro.interleave(first, second, tile.columns, to_sum + r / 2 * tile.columns);
  }
}

// limit[r]: how many of the keys [first, first + keys) row r sees. begin[j]: the first row that sees key j.
void set_limits(Tile& tile, std::int64_t first, std::int64_t keys) {
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    tile.limit[r] = static_cast<std::int32_t>(std::clamp<std::int64_t>(tile.token[r] + 1 - first, 0, keys));
  }
  std::fill(tile.limit + tile.rows, tile.limit + kLanes, 0);
  std::int64_t row = 0;
  for (std::int64_t j = 0; j < keys; ++j) {
    while (row < tile.rows && tile.limit[row] <= j) ++row;
    tile.begin[j] = static_cast<std::int32_t>(row);
  }
}

// c[columns] += one half of the pair a times that half of the pairs b[columns].
void add_half(std::int64_t columns, float a, const float* b, bool upper, float* c) {
  const auto half = [upper](float pair) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(pair);
    return std::bit_cast<float>(upper ? bits & 0xffff0000u : bits << 16);
  };
  for (std::int64_t j = 0; j < columns; ++j) c[j] += half(a) * half(b[j]);
}

// c += a b, where row i of the product sums only what is from begin[i] (or 0) up to end[i] (or depth): values,
// ascending with i; elsewhere a is 0. So more may be summed where b is finite. Where it is not, nothing else is
// touched, not even the other value of a pair.
void add_ranges(const Arithmetic& arithmetic, std::int64_t rows, std::int64_t columns, std::int64_t depth,
                const std::int32_t* begin, const std::int32_t* end, LeftOperand a, const float* b, float* c) {
  constexpr std::int64_t kGroup = 4;
  const auto add = [&](std::int64_t first, std::int64_t count, std::int64_t from, std::int64_t to) {
    if (from >= to) return;
    arithmetic.multiply(count, columns, to - from, {a.data + first * a.row + from * a.step, a.row, a.step},
                        b + from * columns, columns, c + first * columns, columns, true);
  };
  const auto begin_of = [&](std::int64_t i) { return begin == nullptr ? 0 : units_of(begin[i], arithmetic); };
  const auto end_of = [&](std::int64_t i) { return end == nullptr ? depth : end[i] / arithmetic.values; };
  if (arithmetic.finite(b, depth * columns)) {
    constexpr std::int64_t kLarger = 16;
    for (std::int64_t first = 0; first < rows; first += kLarger) {
      const std::int64_t last = std::min(first + kLarger, rows);
      add(first, last - first, begin == nullptr ? 0 : begin[first] / arithmetic.values,
          end == nullptr ? depth : units_of(end[last - 1], arithmetic));
    }
    return;
  }
  for (std::int64_t first = 0; first < rows; first += kGroup) {
    const std::int64_t last = std::min(first + kGroup, rows);
    const std::int64_t from = begin_of(last - 1), to = end_of(first);  // what all rows of the group share
    if (from < to) add(first, last - first, from, to);
    for (std::int64_t i = first; i < last; ++i) {
      add(i, 1, begin_of(i), from < to ? from : end_of(i));
      if (from < to) add(i, 1, to, end_of(i));
      if (begin != nullptr && begin[i] < begin_of(i) * arithmetic.values && begin_of(i) <= end_of(i)) {
        const std::int64_t unit = begin_of(i) - 1;
        add_half(columns, a.data[i * a.row + unit * a.step], b + unit * columns, true, c + i * columns);
      }
      if (end != nullptr && end[i] > end_of(i) * arithmetic.values) {
        const std::int64_t unit = end_of(i);
        add_half(columns, a.data[i * a.row + unit * a.step], b + unit * columns, false, c + i * columns);
      }
    }
  }
}

// rows x transposed for the lanes from `lane` on, in parts of kDepth: the part of the transposed rows then stays in the
// first cache, and shorter sums round less (an error of a score is an error of e to its power).
void row_products(const Tile& tile, const Arithmetic& arithmetic, const float* rows, std::int64_t count,
                  std::int64_t lane, const float* transposed, float* scores) {
  constexpr std::int64_t kDepth = 64;
  const std::int64_t units = tile.columns / arithmetic.values;
  for (std::int64_t p = 0; p < units; p += kDepth) {
    arithmetic.multiply(count, tile.lanes - lane, std::min(kDepth, units - p), {rows + p, units, 1},
                        transposed + p * kLanes + lane, kLanes, scores + lane, kLanes, p > 0);
  }
}

// All of them; where only some lanes see the keys, 16 keys at a time for those: the others keep what they held.
void products(const Tile& tile, const Arithmetic& arithmetic, const float* rows, std::int64_t count, bool masked,
              const float* transposed, float* scores) {
  if (!masked) return row_products(tile, arithmetic, rows, count, 0, transposed, scores);
  constexpr std::int64_t kKeys = 16;
  const std::int64_t units = tile.columns / arithmetic.values;
  for (std::int64_t j = 0; j < count; j += kKeys) {
    const std::int64_t lane = tile.begin[j] / kColumnMultiple * kColumnMultiple;
    row_products(tile, arithmetic, rows + j * units, std::min(kKeys, count - j), lane, transposed, scores + j * kLanes);
  }
}

// The keys [first, last) cut into those that all rows of the tile see and, from the second number on, those that only
// some see; a cut stands at an even place.
std::int64_t seen_by_all(const Tile& tile, std::int64_t first, std::int64_t last, Mask mask) {
  if (mask == Mask::none) return last;
  constexpr std::int64_t kWhole = 16;
  return first + std::clamp<std::int64_t>(tile.token[0] + 1 - first, 0, last - first) / kWhole * kWhole;
}

// part(first, count, masked) for each part of at most kTileKeys keys of [first, last) that the tile sees.
template <class Part>
void for_each_part(const Tile& tile, std::int64_t first, std::int64_t last, Mask mask, const Part& part) {
  const std::int64_t all = seen_by_all(tile, first, last, mask);
  for (std::int64_t at = first; at < all; at += kTileKeys) part(at, std::min(kTileKeys, all - at), false);
  if (mask == Mask::none) return;
  const std::int64_t end = std::min(last, tile.token[tile.rows - 1] + 1);
  for (std::int64_t at = all; at < end; at += kTileKeys) part(at, std::min(kTileKeys, end - at), true);
}

}  // namespace

Tile::Tile(std::int64_t dim)
    : head_dim(dim),
      columns(padded(dim)),
      zeros(static_cast<std::size_t>(columns), 0.0f),
      row_units(size_of(kLanes, columns)),
      q_t(size_of(columns, kLanes)),
      scores(size_of(kTileKeys, kLanes)),
      o(size_of(kLanes, columns)),
      q(size_of(kLanes, columns)),
      d_o(size_of(kLanes, columns)),
      d_o_t(size_of(columns, kLanes)),
      dp(size_of(kTileKeys, kLanes)),
      dq(size_of(kLanes, columns)),
      p_by_key(size_of(kTileKeys, kLanes / 2)),
      ds_by_key(size_of(kTileKeys, kLanes / 2)),
      ds_by_lane(size_of(kTileKeys / 2, kLanes)) {}

void take_queries(Tile& tile, const Context& context, std::int64_t head, const std::int64_t* tokens,
                  std::int64_t count) {
  take_tokens(tile, tokens, count);
  take_rows(tile, context, context.q, head, tile.q_t.data(), nullptr);
}

void begin_forward(Tile& tile, const Context& context, std::int64_t head, const std::int64_t* tokens,
                   std::int64_t count) {
  take_queries(tile, context, head, tokens, count);
  std::fill_n(tile.o.data(), count * tile.columns, 0.0f);
  std::fill_n(tile.m, kLanes, kLowest);
  std::fill_n(tile.sum, kLanes, 0.0f);
}

void score_rows(const Tile& tile, const Context& context, const float* rows, std::int64_t count, float* scores) {
  row_products(tile, context.arithmetic, rows, count, 0, tile.q_t.data(), scores);
}

void attend(Tile& tile, const Context& context, std::int64_t kv_head, std::int64_t first, std::int64_t last,
            Mask mask) {
  const Arithmetic& arithmetic = context.arithmetic;
  const PackedKeys& keys = context.keys;
  const double scale = scale_of(context.problem);
  for_each_part(tile, first, last, mask, [&](std::int64_t at, std::int64_t count, bool masked) {
    if (masked) set_limits(tile, at, count);
    products(tile, arithmetic, keys.k_row(kv_head, at), count, masked, tile.q_t.data(), tile.scores.data());
    arithmetic.softmax({tile.scores.data(), count, tile.lanes, scale, masked ? tile.limit : nullptr},
                       {tile.m, tile.sum, tile.factor});
    context.micro.scale_rows(tile.o.data(), tile.rows, tile.columns, tile.factor);
    const LeftOperand p = {tile.scores.data(), 1, kLanes};
    const float* v = keys.v_sums(kv_head, at);
    if (masked) {
      add_ranges(arithmetic, tile.rows, tile.columns, units_of(count, arithmetic), nullptr, tile.limit, p, v,
                 tile.o.data());
    } else {
      arithmetic.multiply(tile.rows, tile.columns, units_of(count, arithmetic), p, v, tile.columns, tile.o.data(),
                          tile.columns, true);
    }
  });
}

void write_rows(const Tile& tile, const Context& context, std::int64_t head) {
  const double scale = scale_of(context.problem);
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    const float inverse = 1.0f / tile.sum[r];
    const float* from = tile.o.data() + r * tile.columns;
    const std::int64_t row = tile.token[r] * context.q.heads + head;
    if (context.q.dtype == Dtype::bf16) {
      write_row(context.micro, from, tile.head_dim, inverse, static_cast<Bf16*>(context.o) + row * tile.head_dim);
    } else {
      write_row(context.micro, from, tile.head_dim, inverse, static_cast<float*>(context.o) + row * tile.head_dim);
    }
    context.written_lse[row] = scale * static_cast<double>(tile.m[r]) + std::log(static_cast<double>(tile.sum[r]));
  }
}

void begin_backward(Tile& tile, const Context& context, std::int64_t head, const std::int64_t* tokens,
                    std::int64_t count) {
  take_tokens(tile, tokens, count);
  take_rows(tile, context, context.q, head, tile.q_t.data(), tile.q.data());
  take_rows(tile, context, context.d_o, head, tile.d_o_t.data(), tile.d_o.data());
  const double scale = scale_of(context.problem);
  for (std::int64_t r = 0; r < kLanes; ++r) {
    const std::int64_t row = r < count ? tokens[r] * context.q.heads + head : 0;
    const double lse = r < count ? context.lse[row] / scale : 0;
    tile.lse_high[r] = static_cast<float>(lse);
    tile.lse_low[r] = static_cast<float>(lse - static_cast<double>(tile.lse_high[r]));
    tile.delta[r] = r < count ? context.delta[row] : 0.0f;
  }
}

void attend_backward(Tile& tile, const Context& context, std::int64_t kv_head, std::int64_t first, std::int64_t last,
                     Mask mask, float* dq) {
  const Arithmetic& arithmetic = context.arithmetic;
  const PackedKeys& keys = context.keys;
  const std::int64_t columns = tile.columns, row_units = units_of(tile.rows, arithmetic);
  const double scale = scale_of(context.problem);
  const bool pairs = arithmetic.values == 2;
  const LeftOperand p =
      pairs ? LeftOperand{tile.p_by_key.data(), kLanes / 2, 1} : LeftOperand{tile.scores.data(), kLanes, 1};
  const LeftOperand ds =
      pairs ? LeftOperand{tile.ds_by_key.data(), kLanes / 2, 1} : LeftOperand{tile.dp.data(), kLanes, 1};
  const LeftOperand ds_by_lane = {pairs ? tile.ds_by_lane.data() : tile.dp.data(), 1, kLanes};
  for_each_part(tile, first, last, mask, [&](std::int64_t at, std::int64_t count, bool masked) {
    if (masked) set_limits(tile, at, count);
    products(tile, arithmetic, keys.k_row(kv_head, at), count, masked, tile.q_t.data(), tile.scores.data());
    products(tile, arithmetic, keys.v_row(kv_head, at), count, masked, tile.d_o_t.data(), tile.dp.data());
    arithmetic.softmax_backward({tile.scores.data(), count, tile.lanes, scale, masked ? tile.limit : nullptr},
                                tile.dp.data(), {tile.lse_high, tile.lse_low, tile.delta},
                                {tile.p_by_key.data(), tile.ds_by_key.data(), tile.ds_by_lane.data()});
    const std::int64_t key_units = units_of(count, arithmetic);
    const std::int64_t row = (kv_head * tokens(context.problem) + at) * columns;
    float *dk = context.gradients.dk.data() + row, *dv = context.gradients.dv.data() + row;
    const float* k = keys.k_sums(kv_head, at);
    if (masked) {
      add_ranges(arithmetic, count, columns, row_units, tile.begin, nullptr, p, tile.d_o.data(), dv);
      add_ranges(arithmetic, count, columns, row_units, tile.begin, nullptr, ds, tile.q.data(), dk);
      add_ranges(arithmetic, tile.rows, columns, key_units, nullptr, tile.limit, ds_by_lane, k, dq);
    } else {
      arithmetic.multiply(count, columns, row_units, p, tile.d_o.data(), columns, dv, columns, true);
      arithmetic.multiply(count, columns, row_units, ds, tile.q.data(), columns, dk, columns, true);
      arithmetic.multiply(tile.rows, columns, key_units, ds_by_lane, k, columns, dq, columns, true);
    }
  });
}

}  // namespace mobasim::kernels::cpu
