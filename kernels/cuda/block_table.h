// Tables of blocks and of query tiles, made on the host and read by the routing kernels (pool.cu, gate.cu, index.cu).
// Plain C++ without a target: the same tables go to a GPU and to the executor.
#pragma once

#include <vector>

#include "kernels/cuda/shape.h"
#include "kernels/cuda/tables.h"

namespace mobasim::kernels::cuda {

// Blocks are numbered over all sequences ("global blocks").
[[nodiscard]] std::vector<BlockKeys> block_table(const Shape& shape);

// The global block in which each token's sequence begins its blocks, for picks -> global blocks; one entry a sequence.
struct SequenceSpan {
  int token_begin, token_end, block_begin, blocks;
};
[[nodiscard]] std::vector<SequenceSpan> sequence_spans(const Shape& shape);

// Every token is in one tile; tiles with most blocks to look at come first.
[[nodiscard]] std::vector<GateTile> gate_tiles(const Shape& shape);

}  // namespace mobasim::kernels::cuda
