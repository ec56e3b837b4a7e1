// The routing index: the picks of a chunk of tokens, grouped by (head, global block), and the work list of the kernels
// that go through it. A stable counting sort: within a group the entries ascend, the same for any order of execution.
#pragma once

#include "kernels/cuda/tables.h"
#include "kernels/cuda/types.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::cuda {

struct IndexParameters {
  const int* picks;          // [tokens, heads, slots], of all tokens
  const IndexTile* tiles;    // [tile_count]
  const BlockCells* blocks;  // [total_blocks]
  void* workspace;           // index_workspace(plan, heads) bytes, aligned to 16; contents may be anything
  int* offsets;              // out [heads * total_blocks + 1]: the entries of (head, block) begin here
  int* entries;              // out, of the chunk's picks: (token - chunk_begin) << kSlotBits | slot
  WorkItem* items;           // out [most_items]; null: no work list is made
  int* item_count;           // out [1]
  int tokens, heads, slots, total_blocks;
  int chunk_begin, chunk_tokens;
  int tile_count, cells, most_blocks;  // of the plan
  int most_items;                      // most_work_items(plan, heads, slots)
};

inline namespace MOBASIM_TARGET {
void launch_index(const IndexParameters& parameters, Stream stream);
}
}  // namespace mobasim::kernels::cuda
