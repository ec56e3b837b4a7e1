// Which rows a block of threads of the causal forward kernel works on: tables made on the host and uploaded.
#pragma once

#include <vector>

#include "kernels/cuda/shape.h"
#include "kernels/cuda/tables.h"

namespace mobasim::kernels::cuda {

// The tiles of at most `rows` rows of the tokens chunk_begin .. chunk_end - 1, those with the most keys first: blocks
// of threads are started in order, and a heavy one that comes last would be waited for alone. Where MoBA attends the
// own block alone (top_k = 1) or routes, tiles end where blocks end; elsewhere (full attention, and MoBA with top_k >=
// blocks) they end with the sequence.
[[nodiscard]] std::vector<RowTile> row_tiles(const Shape& shape, int rows, int chunk_begin, int chunk_end);
// The tiles of all tokens.
[[nodiscard]] std::vector<RowTile> row_tiles(const Shape& shape, int rows);

}  // namespace mobasim::kernels::cuda
