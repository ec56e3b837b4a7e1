// Which rows a block of threads of the causal forward kernel works on: tables made on the host and uploaded.
#pragma once

#include <vector>

#include "kernels/cuda/shape.h"

namespace mobasim::kernels::cuda {

// The rows row_begin .. row_end - 1 (tokens of one sequence) attend, causally, the keys key_begin .. row.
struct RowTile {
  int row_begin, row_end;
  int key_begin;        // the beginning of the sequence, or of the rows' own block where MoBA attends only that here
  int sequence_routes;  // 1: the rows have routed blocks besides (routes() of shape.h)
};

// The tiles of at most `rows` rows of the tokens chunk_begin .. chunk_end - 1, those with the most keys first: blocks
// of threads are started in order, and a heavy one that comes last would be waited for alone. Where MoBA attends the
// own block alone (top_k = 1) or routes, tiles end where blocks end; elsewhere (full attention, and MoBA with top_k >=
// blocks) they end with the sequence.
[[nodiscard]] std::vector<RowTile> row_tiles(const Shape& shape, int rows, int chunk_begin, int chunk_end);
// The tiles of all tokens.
[[nodiscard]] std::vector<RowTile> row_tiles(const Shape& shape, int rows);

}  // namespace mobasim::kernels::cuda
