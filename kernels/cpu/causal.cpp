#include "kernels/cpu/causal.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "kernels/cpu/parallel.h"

namespace mobasim::kernels::cpu {
namespace {

// Rows of one head that read the keys together.
struct RowGroup {
  Run run, rows;
  std::int64_t head;
};

// Groups head by head, the longest first, so that the threads end together.
std::vector<RowGroup> row_groups(std::span<const Run> runs, std::int64_t heads) {
  constexpr std::int64_t kRows = kTilesAThread * kLanes;
  std::vector<RowGroup> groups;
  for (const Run& run : runs) {
    for (std::int64_t row = run.begin; row < run.end; row += kRows) {
      for (std::int64_t head = 0; head < heads; ++head) {
        groups.push_back({run, {row, std::min(row + kRows, run.end)}, head});
      }
    }
  }
  const auto longer = [](const RowGroup& a, const RowGroup& b) {
    return std::pair(b.head, a.rows.begin - a.run.begin) > std::pair(a.head, b.rows.begin - b.run.begin);
  };
  std::stable_sort(groups.begin(), groups.end(), longer);
  return groups;
}

// Some keys at a time, which the tiles of the group read while they stand in the second cache.
void attend_group(const Context& context, const RowGroup& group, std::span<Tile> tiles) {
  constexpr std::int64_t kKeys = 2 * kTileKeys;
  std::int64_t tokens_of_tile[kLanes], count = 0;
  for (std::int64_t row = group.rows.begin; row < group.rows.end; row += kLanes, ++count) {
    const std::int64_t rows = std::min<std::int64_t>(kLanes, group.rows.end - row);
    std::iota(tokens_of_tile, tokens_of_tile + rows, row);
    begin_forward(tiles[static_cast<std::size_t>(count)], context, group.head, tokens_of_tile, rows);
  }
  const std::span<Tile> used = tiles.first(static_cast<std::size_t>(count));
  const std::int64_t kv_head = kv_head_of(context.problem, group.head);
  for (std::int64_t at = group.run.begin; at < group.rows.end; at += kKeys) {
    for (Tile& tile : used) attend(tile, context, kv_head, at, std::min(at + kKeys, group.rows.end), Mask::causal);
  }
  for (const Tile& tile : used) write_rows(tile, context, group.head);
}

// to[c] += from[c]: in groups of a known size, which compilers turn into vectors.
void add_columns(const float* __restrict from, std::int64_t columns, float* __restrict to) {
  for (std::int64_t c = 0; c < columns; c += kColumnMultiple) {
    for (std::int64_t i = 0; i < kColumnMultiple; ++i) to[c + i] += from[c + i];
  }
}

}  // namespace

void causal_forward(Context& context, std::span<const Run> runs) {
  const std::vector<RowGroup> groups = row_groups(runs, context.problem.heads);
  parallel_for(static_cast<std::int64_t>(groups.size()), context.threads, [&](std::int64_t i, int thread) {
    attend_group(context, groups[static_cast<std::size_t>(i)], tiles_of(context, thread));
  });
}

void add_causal_gradients(Context& context, Tile& tile, Run rows, Run keys, std::int64_t kv_head) {
  const std::int64_t group = context.problem.heads / context.problem.kv_heads;
  const Mask mask = keys.begin == rows.begin ? Mask::causal : Mask::none;
  const std::int64_t last = keys.begin + (keys.end - keys.begin - 1) / kTileKeys * kTileKeys;
  std::int64_t tokens_of_tile[kLanes];
  for (std::int64_t row = rows.begin; row < rows.end; row += kLanes) {
    const std::int64_t count = std::min<std::int64_t>(kLanes, rows.end - row);
    std::iota(tokens_of_tile, tokens_of_tile + count, row);
    for (std::int64_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
      begin_backward(tile, context, head, tokens_of_tile, count);
      for (std::int64_t at = last; at >= keys.begin; at -= kTileKeys) {
        attend_backward(tile, context, kv_head, at, std::min(at + kTileKeys, keys.end), mask,
                        dq_row(context, head, row));
      }
    }
  }
}

float* dq_row(Context& context, std::int64_t head, std::int64_t token) {
  return context.gradients.dq.data() + (head * tokens(context.problem) + token) * padded(context.problem.head_dim);
}

void add_dq(Context& context, const Tile& tile, std::int64_t head) {
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    add_columns(tile.dq.data() + r * tile.columns, tile.columns, dq_row(context, head, tile.token[r]));
  }
}

}  // namespace mobasim::kernels::cpu
