// The memory that MoBA's passes work in, a part of Workspace: it grows where it must and is used again.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cpu/buffer.h"

namespace mobasim::kernels::cpu {

// Softmax sums of the rows of a chunk, not yet normalised.
struct RowState {
  Buffer<float> o, m, sum;  // [rows, columns] [rows] [rows]
};

// What a thread holds of the chunk of rows that it works on.
struct ChunkMemory {
  Buffer<float> scores;                // of the gate, [blocks, kLanes]
  Buffer<std::int32_t> best, scratch;  // [slots, kLanes]
  Buffer<std::int32_t> sorted;         // sorted_size(rows)
  RowState state;
};

struct MobaMemory {
  std::vector<ChunkMemory> chunks;           // forward: one a thread
  std::vector<Buffer<float>> means;          // forward: one a sequence, [kv_heads, blocks, columns / values]
  std::vector<Buffer<std::int32_t>> sorted;  // backward: one a sequence, [heads, chunks, sorted_size]
};

}  // namespace mobasim::kernels::cpu
