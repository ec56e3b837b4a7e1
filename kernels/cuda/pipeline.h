// The passes: which stages run, in which order, on which tables and memory. forward.cu and backward.cu put them on a
// stream; the layout of their workspaces is plain C++ in pipeline.cpp, so that every target asks for the same bytes.
#pragma once

#include <vector>

#include "kernels/cuda/block_table.h"
#include "kernels/cuda/index.h"
#include "kernels/cuda/index_plan.h"
#include "kernels/cuda/key_tile.h"
#include "kernels/cuda/row_tile.h"
#include "kernels/cuda/target.h"
#include "kernels/cuda/types.h"
#include "kernels/cuda/workspace.h"

namespace mobasim::kernels::cuda {

// Any sequence routes.
[[nodiscard]] bool any_routes(const Shape& shape);

// Queries begin .. end - 1 and their row tiles.
struct Chunk {
  int begin, end;
  int tile_begin, tile_count;
};

// What the host makes for a forward pass. Tables of blocks are empty where nothing routes.
struct ForwardTables {
  std::vector<Chunk> chunks;
  std::vector<RowTile> row_tiles;  // of all chunks, one after the other
  std::vector<BlockKeys> blocks;
  std::vector<GateTile> gate_tiles;
  std::vector<IndexPlan> index;  // of each chunk
};
[[nodiscard]] ForwardTables forward_tables(const Shape& shape);

// Memory of the routing index, enough for any of the plans; the tables of a plan are uploaded before its launch.
struct IndexMemory {
  IndexTile* tiles;
  BlockCells* blocks;
  void* scratch;
  int *offsets, *entries;
  WorkItem* items;  // null: no work list is made
  int* item_count;
  int most_items;
};
[[nodiscard]] IndexMemory index_memory(const Shape& shape, const std::vector<IndexPlan>& plans, bool with_items,
                                       Workspace& workspace);
[[nodiscard]] IndexParameters index_parameters(const Shape& shape, const IndexPlan& plan, const IndexMemory& memory,
                                               const int* picks);

// The same in the target's memory, and what the stages hand on.
struct ForwardMemory {
  RowTile* row_tiles;
  BlockKeys* blocks;
  GateTile* gate_tiles;
  void* mean_key;      // element [total_blocks, kv_heads, head_dim]
  void* partials;      // element [heads, chunk tokens, slots, head_dim]
  float* partial_lse;  // [heads, chunk tokens, slots]
  IndexMemory index;
};
[[nodiscard]] ForwardMemory forward_memory(const Shape& shape, const ForwardTables& tables, Workspace& workspace);

struct BackwardTables {
  std::vector<KeyTile> key_tiles;
  std::vector<IndexPlan> index;  // one, of all tokens, where anything routes
};
[[nodiscard]] BackwardTables backward_tables(const Shape& shape);

struct BackwardMemory {
  KeyTile* key_tiles;
  float* row_terms;  // [heads, tokens, 2]
  float* dq_sum;     // [tokens, heads, head_dim]
  IndexMemory index;
};
[[nodiscard]] BackwardMemory backward_memory(const Shape& shape, const BackwardTables& tables, Workspace& workspace);

// run() is a stage.
template <class Run>
void staged(const StageHooks& hooks, Stage stage, const Run& run) {
  if (hooks.begin) hooks.begin(stage);
  run();
  if (hooks.end) hooks.end(stage);
}

inline namespace MOBASIM_TARGET {
void forward(const Shape& shape, const ForwardTensors& tensors, void* workspace, Stream stream,
             const StageHooks& hooks);
void backward(const Shape& shape, const BackwardTensors& tensors, void* workspace, Stream stream,
              const StageHooks& hooks);
}  // namespace MOBASIM_TARGET

}  // namespace mobasim::kernels::cuda
