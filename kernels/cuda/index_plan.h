// What the host makes for the routing index of a chunk of tokens (index.cu): tiles of tokens, and where the counts of
// each stand. Plain C++ without a target.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/cuda/shape.h"
#include "kernels/cuda/tables.h"

namespace mobasim::kernels::cuda {

struct IndexPlan {
  int chunk_begin = 0, chunk_end = 0;
  std::vector<IndexTile> tiles;
  std::vector<BlockCells> blocks;  // [total_blocks]
  int cells = 0;                   // counts of one head
  int most_blocks = 0;             // of a tile
};
// Throws CudaError where the picks of the chunk or a tile's blocks are too many for the kernels.
[[nodiscard]] IndexPlan index_plan(const Shape& shape, int chunk_begin, int chunk_end);

// Bytes that launch_index needs besides its results.
[[nodiscard]] std::size_t index_workspace(const IndexPlan& plan, int heads);
// At most this many work items; the grid of a kernel that takes one each.
[[nodiscard]] int most_work_items(const IndexPlan& plan, int heads, int slots);

}  // namespace mobasim::kernels::cuda
