// What the host makes for the routing index of a chunk of tokens (index.cu): tiles of tokens, and where the counts of
// each stand. Plain C++ without a target.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/cuda/shape.h"

namespace mobasim::kernels::cuda {

// A work item is at most this many entries of one (head, block).
constexpr int kItemEntries = 128;
// Entries of the index are (token - chunk_begin) << kSlotBits | slot.
constexpr int kSlotBits = 6;

// Entries begin .. begin + count - 1 of the index, all of one head and one global block.
struct WorkItem {
  int head, block, begin, count;
};

// Tokens of one sequence whose picks are counted and scattered together, by one warp for each head. Its row of counts
// has a cell for each block that tokens of the sequence in this chunk may pick.
struct IndexTile {
  int token_begin, token_end;  // absolute
  int block_begin;             // the sequence's first global block
  int blocks;                  // that may be picked: 0 .. blocks - 1 of the sequence
  int cell_begin;              // of its row of counts
};
// The cells of one global block: tile i of its sequence has its count at cell_begin + i * stride.
struct BlockCells {
  int cell_begin, stride, tiles;
};

struct IndexPlan {
  int chunk_begin = 0, chunk_end = 0;
  std::vector<IndexTile> tiles;
  std::vector<BlockCells> blocks;  // [total_blocks]
  int cells = 0;                   // counts of one head
  int most_blocks = 0;             // of a tile
};
// Throws CudaError where the picks of the chunk or a tile's blocks are too many for the kernels.
[[nodiscard]] IndexPlan index_plan(const Shape& shape, int chunk_begin, int chunk_end);

// The workspace of launch_index is counts of each (head, tile, block), then sums of each kScanThreads groups.
constexpr int kScanThreads = 256;
[[nodiscard]] constexpr std::size_t index_count_bytes(int cells, int heads) {
  return (sizeof(int) * static_cast<std::size_t>(cells) * static_cast<std::size_t>(heads) + 15) / 16 * 16;
}
[[nodiscard]] constexpr int index_sums(int total_blocks, int heads) {
  const std::size_t groups = static_cast<std::size_t>(total_blocks) * static_cast<std::size_t>(heads);
  return static_cast<int>((groups + kScanThreads - 1) / kScanThreads);
}
[[nodiscard]] constexpr std::size_t index_sum_bytes(int total_blocks, int heads) {
  return 2 * sizeof(int) * static_cast<std::size_t>(index_sums(total_blocks, heads));
}

// Bytes that launch_index needs besides its results.
[[nodiscard]] std::size_t index_workspace(const IndexPlan& plan, int heads);
// At most this many work items; the grid of a kernel that takes one each.
[[nodiscard]] int most_work_items(const IndexPlan& plan, int heads, int slots);

}  // namespace mobasim::kernels::cuda
