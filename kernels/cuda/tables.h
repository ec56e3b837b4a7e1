// The rows of the tables that the host makes (row_tile, key_tile, block_table, index_plan) and the kernels read.
#pragma once

#include <cstddef>

namespace mobasim::kernels::cuda {

// The rows row_begin .. row_end - 1 (tokens of one sequence) attend, causally, the keys key_begin .. row.
struct RowTile {
  int row_begin, row_end;
  int key_begin;        // the beginning of the sequence, or of the rows' own block where MoBA attends only that here
  int sequence_routes;  // 1: the rows have routed blocks besides (routes() of shape.h)
};

// Keys of one tile: the backward kernel's share of shared memory.
constexpr int kKeyTileKeys = 128;

// The keys key_begin .. key_end - 1 (tokens of one sequence, at most kKeyTileKeys) get gradients from the rows
// key_begin .. row_end - 1, causally, and from the rows that the routing index has for `block`.
struct KeyTile {
  int key_begin, key_end;
  int row_end;  // the end of the sequence, or of the keys' own block where MoBA attends only that here
  int block;    // number of the block among those of all sequences; -1: no row is routed here
};

// The keys of one block; the last block of a sequence may be shorter.
struct BlockKeys {
  int key_begin, key_count;
};

// Rows row_begin .. row_end - 1 of one sequence; the gate gives each row its picks. Where the sequence does not route,
// routes is 0 and all picks are -1. Rows of a tile begin at a multiple of kGateRows of the sequence.
constexpr int kGateRows = 128;
struct GateTile {
  int row_begin, row_end;
  int first_position;  // of row_begin in its sequence
  int block_begin;     // the sequence's first global block
  int blocks;          // of the sequence
  int routes;
};
constexpr int kGateTileInts = sizeof(GateTile) / sizeof(int);  // kernels read it as ints

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

}  // namespace mobasim::kernels::cuda
