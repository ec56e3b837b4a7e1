#include "kernels/cpu/routed.h"

#include <algorithm>

#include "kernels/cpu/causal.h"

namespace mobasim::kernels::cpu {
namespace {

Run keys_of(const Problem& problem, Run sequence, std::int64_t block) {
  const std::int64_t begin = sequence.begin + block * problem.block;
  return {begin, std::min(begin + problem.block, sequence.end)};
}

// A line of the cache, in floats.
constexpr std::int64_t kLine = 16;

// Asks for a row to be brought to the second cache: rows of a tile lie apart, and no processor foresees which.
void ask_for(const float* row, std::int64_t floats) {
  for (std::int64_t c = 0; c < floats; c += kLine) __builtin_prefetch(row + c, 0, 2);
}

// Of one head, in the tensor's own format.
std::int64_t units_of_row(const TensorRows& rows) {
  return rows.dtype == Dtype::bf16 ? (rows.head_dim + 1) / 2 : rows.head_dim;
}

// use(block, tokens, count) for the rows that picked a block of [first_block, last_block), a tile at a time;
// ask(token) for each row of the tile after it, before.
template <class Use, class Ask>
void for_each_tile(const RoutedRows& routed, std::int64_t first_block, std::int64_t last_block, const Use& use,
                   const Ask& ask) {
  std::int64_t tokens_of_tile[kLanes];
  const std::int64_t end = routed.first[last_block];
  for (std::int64_t block = first_block; block < last_block; ++block) {
    for (std::int64_t at = routed.first[block]; at < routed.first[block + 1]; at += kLanes) {
      const std::int64_t count = std::min<std::int64_t>(kLanes, routed.first[block + 1] - at);
      for (std::int64_t r = 0; r < count; ++r) tokens_of_tile[r] = routed.rows.begin + routed.row[at + r];
      for (std::int64_t i = at + count; i < std::min(at + count + kLanes, end); ++i) {
        ask(routed.rows.begin + routed.row[i]);
      }
      use(block, tokens_of_tile, count);
    }
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

void begin_forward_from(Tile& tile, const Context& context, std::int64_t head, const std::int64_t* tokens,
                        std::int64_t count, const RowState& state, std::int64_t first) {
  take_queries(tile, context, head, tokens, count);
  for (std::int64_t r = 0; r < count; ++r) {
    const std::int64_t row = tokens[r] - first;
    std::copy_n(state.o.data() + row * tile.columns, tile.columns, tile.o.data() + r * tile.columns);
    tile.m[r] = state.m.data()[row];
    tile.sum[r] = state.sum.data()[row];
  }
  std::fill(tile.m + count, tile.m + kLanes, kLowest);
  std::fill(tile.sum + count, tile.sum + kLanes, 0.0f);
}

void routed_forward(Context& context, Tile& tile, const RoutedRows& routed, RowState& state) {
  const std::int64_t kv_head = kv_head_of(context.problem, routed.head), first = routed.rows.begin;
  const std::int64_t blocks = blocks_of(context.problem, routed.rows.end - routed.sequence.begin);
  const auto use = [&](std::int64_t block, const std::int64_t* tokens_of_tile, std::int64_t count) {
    const Run keys = keys_of(context.problem, routed.sequence, block);
    begin_forward_from(tile, context, routed.head, tokens_of_tile, count, state, first);
    attend(tile, context, kv_head, keys.begin, keys.end, Mask::none);
    for (std::int64_t r = 0; r < count; ++r) {
      const std::int64_t row = tokens_of_tile[r] - first;
      std::copy_n(tile.o.data() + r * tile.columns, tile.columns, state.o.data() + row * tile.columns);
      state.m.data()[row] = tile.m[r];
      state.sum.data()[row] = tile.sum[r];
    }
  };
  const std::int64_t units = units_of_row(context.q);
  for_each_tile(routed, 0, blocks, use, [&](std::int64_t token) {
    ask_for(static_cast<const float*>(context.q.row(token, routed.head)), units);
    ask_for(state.o.data() + (token - first) * tile.columns, tile.columns);
  });
}

void routed_backward(Context& context, Tile& tile, const RoutedRows& routed, std::int64_t first_block,
                     std::int64_t last_block) {
  const std::int64_t kv_head = kv_head_of(context.problem, routed.head);
  const auto use = [&](std::int64_t block, const std::int64_t* tokens_of_tile, std::int64_t count) {
    const Run keys = keys_of(context.problem, routed.sequence, block);
    begin_backward(tile, context, routed.head, tokens_of_tile, count);
    std::fill_n(tile.dq.data(), count * tile.columns, 0.0f);
    attend_backward(tile, context, kv_head, keys.begin, keys.end, Mask::none, tile.dq.data());
    add_dq(context, tile, routed.head);
  };
  const std::int64_t units = units_of_row(context.q);
  for_each_tile(routed, first_block, last_block, use, [&](std::int64_t token) {
    ask_for(static_cast<const float*>(context.q.row(token, routed.head)), units);
    ask_for(static_cast<const float*>(context.d_o.row(token, routed.head)), units);
    ask_for(dq_row(context, routed.head, token), tile.columns);
  });
}

}  // namespace mobasim::kernels::cpu
