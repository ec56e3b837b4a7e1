// Tables of blocks and of query tiles, made on the host and read by the routing kernels (pool.cu, gate.cu, index.cu).
// Plain C++ without a target: the same tables go to a GPU and to the executor.
#pragma once

#include <vector>

#include "kernels/cuda/shape.h"

namespace mobasim::kernels::cuda {

// The keys of one block; the last block of a sequence may be shorter.
struct BlockKeys {
  int key_begin, key_count;
};

// Blocks are numbered over all sequences ("global blocks").
[[nodiscard]] std::vector<BlockKeys> block_table(const Shape& shape);

// The global block in which each token's sequence begins its blocks, for picks -> global blocks; one entry a sequence.
struct SequenceSpan {
  int token_begin, token_end, block_begin, blocks;
};
[[nodiscard]] std::vector<SequenceSpan> sequence_spans(const Shape& shape);

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
// Every token is in one tile; tiles with most blocks to look at come first.
[[nodiscard]] std::vector<GateTile> gate_tiles(const Shape& shape);

}  // namespace mobasim::kernels::cuda
