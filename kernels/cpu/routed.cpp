#include "kernels/cpu/routed.h"

#include <algorithm>

#include "kernels/cpu/causal.h"

namespace mobasim::kernels {
namespace {

Run keys_of(const Problem& problem, Run sequence, std::int64_t block) {
  const std::int64_t begin = sequence.begin + block * problem.block;
  return {begin, std::min(begin + problem.block, sequence.end)};
}

// use(tokens, count): the rows that picked a block, a tile at a time.
template <class Use>
void for_each_tile(const RoutedRows& routed, std::int64_t block, const Use& use) {
  std::int64_t tokens_of_tile[kLanes];
  for (std::int64_t at = routed.first[block]; at < routed.first[block + 1]; at += kLanes) {
    const std::int64_t count = std::min<std::int64_t>(kLanes, routed.first[block + 1] - at);
    for (std::int64_t r = 0; r < count; ++r) tokens_of_tile[r] = routed.rows.begin + routed.row[at + r];
    use(tokens_of_tile, count);
  }
}

}  // namespace

std::int64_t sorted_size(const Problem& problem, Run sequence, std::int64_t rows) {
  return rows * slots_of(problem) + blocks_of(problem, sequence.end - sequence.begin) + 2;
}

RoutedRows sorted_picks(const Problem& problem, const Selection& selection, std::int64_t head, Run sequence, Run rows,
                        std::int32_t* scratch) {
  const std::int64_t slots = slots_of(problem), blocks = blocks_of(problem, sequence.end - sequence.begin);
  std::int32_t* const first = scratch;
  std::int32_t* const sorted = scratch + blocks + 2;
  std::fill_n(first, blocks + 2, 0);
  const auto for_each_pick = [&](const auto& use) {
    const std::int32_t* picks = selection.picks.data() + (rows.begin * problem.heads + head) * slots;
    for (std::int64_t r = 0; r < rows.end - rows.begin; ++r, picks += problem.heads * slots) {
      for (std::int64_t s = 0; s < slots && picks[s] >= 0; ++s) use(picks[s], static_cast<std::int32_t>(r));
    }
  };
  // first[b + 1] walks from where block b begins to where it ends, which is where b + 1 begins.
  for_each_pick([&](std::int32_t block, std::int32_t) { ++first[block + 2]; });
  for (std::int64_t b = 2; b <= blocks; ++b) first[b] += first[b - 1];
  for_each_pick([&](std::int32_t block, std::int32_t row) { sorted[first[block + 1]++] = row; });
  return {sequence, rows, head, first, sorted};
}

std::int64_t chunk_rows(const Problem& problem, std::int64_t length) {
  constexpr std::int64_t kQueries = 2 * kLanes;
  const std::int64_t rows = kQueries * blocks_of(problem, length) / slots_of(problem);
  return (rows + problem.block - 1) / problem.block * problem.block;
}

void clear(RowState& state, std::int64_t rows, std::int64_t columns) {
  std::fill_n(state.o.data(), rows * columns, 0.0f);
  std::fill_n(state.m.data(), rows, kLowest);
  std::fill_n(state.sum.data(), rows, 0.0f);
}

void load_state(Tile& tile, const RowState& state, std::int64_t first) {
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    const std::int64_t row = tile.token[r] - first;
    std::copy_n(state.o.data() + row * tile.columns, tile.columns, tile.o.data() + r * tile.columns);
    tile.m[r] = state.m.data()[row];
    tile.sum[r] = state.sum.data()[row];
  }
}

void store_state(const Tile& tile, RowState& state, std::int64_t first) {
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    const std::int64_t row = tile.token[r] - first;
    std::copy_n(tile.o.data() + r * tile.columns, tile.columns, state.o.data() + row * tile.columns);
    state.m.data()[row] = tile.m[r];
    state.sum.data()[row] = tile.sum[r];
  }
}

void routed_forward(CpuContext& context, Tile& tile, const RoutedRows& routed, RowState& state) {
  const std::int64_t kv_head = kv_head_of(context.problem, routed.head);
  const std::int64_t blocks = blocks_of(context.problem, routed.rows.end - routed.sequence.begin);
  for (std::int64_t block = 0; block < blocks; ++block) {
    const Run keys = keys_of(context.problem, routed.sequence, block);
    for_each_tile(routed, block, [&](const std::int64_t* tokens_of_tile, std::int64_t count) {
      begin_forward(tile, context, routed.head, tokens_of_tile, count);
      load_state(tile, state, routed.rows.begin);
      attend(tile, context, kv_head, keys.begin, keys.end, Mask::none);
      store_state(tile, state, routed.rows.begin);
    });
  }
}

void routed_backward(CpuContext& context, Tile& tile, const RoutedRows& routed, std::int64_t first_block,
                     std::int64_t last_block) {
  const std::int64_t kv_head = kv_head_of(context.problem, routed.head);
  for (std::int64_t block = first_block; block < last_block; ++block) {
    const Run keys = keys_of(context.problem, routed.sequence, block);
    for_each_tile(routed, block, [&](const std::int64_t* tokens_of_tile, std::int64_t count) {
      begin_backward(tile, context, routed.head, tokens_of_tile, count);
      attend_backward(tile, context, kv_head, keys.begin, keys.end, Mask::none);
      add_dq(context, tile, routed.head);
    });
  }
}

}  // namespace mobasim::kernels
