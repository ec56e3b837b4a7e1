#include "kernels/cpu/causal.h"

#include <algorithm>
#include <numeric>

#include "kernels/cpu/parallel.h"

namespace mobasim::kernels {
namespace {

struct RowTile {
  Run run;
  std::int64_t first_row, rows, head;
};

// Row tiles with the longest first, so that the threads end together.
std::vector<RowTile> row_tiles(std::span<const Run> runs, std::int64_t heads) {
  std::vector<RowTile> tiles;
  for (const Run& run : runs) {
    for (std::int64_t row = run.begin; row < run.end; row += kLanes) {
      const std::int64_t rows = std::min<std::int64_t>(kLanes, run.end - row);
      for (std::int64_t head = 0; head < heads; ++head) tiles.push_back({run, row, rows, head});
    }
  }
  const auto longer = [](const RowTile& a, const RowTile& b) {
    return a.first_row - a.run.begin > b.first_row - b.run.begin;
  };
  std::stable_sort(tiles.begin(), tiles.end(), longer);
  return tiles;
}

}  // namespace

void causal_forward(CpuContext& context, std::span<const Run> runs) {
  const std::vector<RowTile> work = row_tiles(runs, context.problem.heads);
  parallel_for(static_cast<std::int64_t>(work.size()), context.threads, [&](std::int64_t i, int thread) {
    const RowTile& item = work[static_cast<std::size_t>(i)];
    Tile& tile = context.tiles[static_cast<std::size_t>(thread)];
    std::int64_t tokens_of_tile[kLanes];
    std::iota(tokens_of_tile, tokens_of_tile + item.rows, item.first_row);
    begin_forward(tile, context, item.head, tokens_of_tile, item.rows);
    attend(tile, context, kv_head_of(context.problem, item.head), item.run.begin, item.run.end, Mask::causal);
    write_rows(tile, context, item.head);
  });
}

void add_causal_gradients(CpuContext& context, Tile& tile, Run rows, Run keys, std::int64_t kv_head) {
  const std::int64_t group = context.problem.heads / context.problem.kv_heads;
  const Mask mask = keys.begin == rows.begin ? Mask::causal : Mask::none;
  std::int64_t tokens_of_tile[kLanes];
  for (std::int64_t head = kv_head * group; head < (kv_head + 1) * group; ++head) {
    for (std::int64_t row = rows.begin; row < rows.end; row += kLanes) {
      const std::int64_t count = std::min<std::int64_t>(kLanes, rows.end - row);
      std::iota(tokens_of_tile, tokens_of_tile + count, row);
      begin_backward(tile, context, head, tokens_of_tile, count);
      attend_backward(tile, context, kv_head, keys.begin, keys.end, mask);
      add_dq(context, tile, head);
    }
  }
}

void add_dq(CpuContext& context, const Tile& tile, std::int64_t head) {
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    float* dq = context.gradients.dq.data() + (head * tokens(context.problem) + tile.token[r]) * tile.columns;
    const float* from = tile.dq.data() + r * tile.columns;
    for (std::int64_t c = 0; c < tile.columns; ++c) dq[c] += from[c];
  }
}

}  // namespace mobasim::kernels
