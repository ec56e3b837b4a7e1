#include "kernels/cpu/causal.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/cpu/parallel.h"
#include "kernels/cpu/routed.h"

namespace mobasim::kernels {
namespace {

struct RowTile {
  Run run;
  std::int64_t first_row, rows, head;
};

// Row tiles with the longest first, so that the threads end together.
std::vector<RowTile> row_tiles(std::span<const Run> runs, std::int64_t first_head, std::int64_t last_head) {
  std::vector<RowTile> tiles;
  for (const Run& run : runs) {
    for (std::int64_t row = run.begin; row < run.end; row += kLanes) {
      const std::int64_t rows = std::min<std::int64_t>(kLanes, run.end - row);
      for (std::int64_t head = first_head; head < last_head; ++head) tiles.push_back({run, row, rows, head});
    }
  }
  const auto longer = [](const RowTile& a, const RowTile& b) {
    return a.first_row - a.run.begin > b.first_row - b.run.begin;
  };
  std::stable_sort(tiles.begin(), tiles.end(), longer);
  return tiles;
}

// A square of the causal triangle: rows of one chunk against keys of one chunk of the same run.
struct Square {
  Run keys, rows;
  std::int64_t kv_head;
};

std::int64_t chunk_of(std::int64_t length) { return length >= 4096 ? 512 : 256; }

// The squares `distance` chunks below the diagonal. No two share a chunk of keys or a chunk of rows of a head, so all
// can run at once with no two threads adding to the same element; distance by distance, the order of the sums is
// fixed.
std::vector<Square> squares_at(std::span<const Run> runs, std::int64_t distance, std::int64_t kv_heads) {
  std::vector<Square> squares;
  for (const Run& run : runs) {
    const std::int64_t chunk = chunk_of(run.end - run.begin);
    for (std::int64_t key = run.begin; key + distance * chunk < run.end; key += chunk) {
      const std::int64_t row = key + distance * chunk;
      for (std::int64_t head = 0; head < kv_heads; ++head) {
        squares.push_back({{key, std::min(key + chunk, run.end)}, {row, std::min(row + chunk, run.end)}, head});
      }
    }
  }
  return squares;
}

void add_square(CpuContext& context, Tile& tile, const Square& square) {
  const Problem& problem = context.problem;
  const std::int64_t group = problem.heads / problem.kv_heads;
  const Mask mask = square.keys.begin == square.rows.begin ? Mask::causal : Mask::none;
  std::int64_t tokens_of_tile[kLanes];
  for (std::int64_t head = square.kv_head * group; head < (square.kv_head + 1) * group; ++head) {
    for (std::int64_t row = square.rows.begin; row < square.rows.end; row += kLanes) {
      const std::int64_t rows = std::min<std::int64_t>(kLanes, square.rows.end - row);
      std::iota(tokens_of_tile, tokens_of_tile + rows, row);
      begin_backward(tile, context, head, tokens_of_tile, rows);
      attend_backward(tile, context, square.kv_head, square.keys.begin, square.keys.end, mask);
      float* dq = context.gradients.dq.data() + (head * context.keys.tokens + row) * tile.columns;
      for (std::int64_t i = 0; i < rows * tile.columns; ++i) dq[i] += tile.dq[static_cast<std::size_t>(i)];
    }
  }
}

}  // namespace

void causal_forward(CpuContext& context, std::span<const Run> runs, std::int64_t first_head, std::int64_t last_head,
                    const RoutedPartials* routed) {
  const std::vector<RowTile> work = row_tiles(runs, first_head, last_head);
  parallel_for(static_cast<std::int64_t>(work.size()), context.threads, [&](std::int64_t i, int thread) {
    const RowTile& item = work[static_cast<std::size_t>(i)];
    Tile& tile = context.tiles[static_cast<std::size_t>(thread)];
    std::int64_t tokens_of_tile[kLanes];
    std::iota(tokens_of_tile, tokens_of_tile + item.rows, item.first_row);
    begin_forward(tile, context, item.head, tokens_of_tile, item.rows);
    attend(tile, context, kv_head_of(context.problem, item.head), item.run.begin, item.run.end, Mask::causal);
    if (routed != nullptr) merge(*routed, tile);
    write_rows(tile, context, item.head);
  });
}

void causal_backward(CpuContext& context, std::span<const Run> runs) {
  for (std::int64_t distance = 0;; ++distance) {
    const std::vector<Square> squares = squares_at(runs, distance, context.problem.kv_heads);
    if (squares.empty()) return;
    parallel_for(static_cast<std::int64_t>(squares.size()), context.threads, [&](std::int64_t i, int thread) {
      add_square(context, context.tiles[static_cast<std::size_t>(thread)], squares[static_cast<std::size_t>(i)]);
    });
  }
}

}  // namespace mobasim::kernels
