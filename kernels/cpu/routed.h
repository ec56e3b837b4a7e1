// The routed part of MoBA, key-major: the rows of a chunk meet the past blocks one after the other, and of each block
// the rows that picked it meet its keys together. What a row has gathered so far waits in a state between its blocks,
// so that no partial result is kept and none is merged.
#pragma once

#include "kernels/cpu/context.h"

namespace mobasim::kernels::cpu {

// The picks of some rows of one head, by block; stable in the order of the rows.
struct RoutedRows {
  Run sequence, rows;
  std::int64_t head;
  const std::int32_t* first;  // [blocks + 1] into `row`
  const std::int32_t* row;    // token - rows.begin
};

// How many integers sorted_picks needs for that many rows: the sorted rows, and first.
[[nodiscard]] std::int64_t sorted_size(const Problem& problem, Run sequence, std::int64_t rows);
// Counting sort into `scratch` [sorted_size].
[[nodiscard]] RoutedRows sorted_picks(const Problem& problem, const Selection& selection, std::int64_t head,
                                      Run sequence, Run rows, std::int32_t* scratch);

// Rows of a chunk, in whole blocks: as many as give a block about two tiles of queries, where rows pick evenly.
[[nodiscard]] std::int64_t chunk_rows(const Problem& problem, std::int64_t length);

// Puts the state of nothing attended into the first `rows` rows.
void clear(RowState& state, std::int64_t rows, std::int64_t columns);
// Takes rows tokens[0..count) of `head` with their state, `first` being the token of the state's first row.
void begin_forward_from(Tile& tile, const Context& context, std::int64_t head, const std::int64_t* tokens,
                        std::int64_t count, const RowState& state, std::int64_t first);

void routed_forward(Context& context, Tile& tile, const RoutedRows& routed, RowState& state);
// Adds the gradients by what the rows picked among blocks [first_block, last_block).
void routed_backward(Context& context, Tile& tile, const RoutedRows& routed, std::int64_t first_block,
                     std::int64_t last_block);

}  // namespace mobasim::kernels::cpu
