#include "kernels/cuda/pipeline.h"

#include <algorithm>

#include "kernels/cuda/causal.h"

namespace mobasim::kernels::cuda {
namespace {

std::size_t query_size(const Shape& shape) {
  return static_cast<std::size_t>(tokens_of(shape)) * static_cast<std::size_t>(shape.heads * shape.head_dim);
}

// Tokens of the longest chunk.
int chunk_tokens(const ForwardTables& tables) {
  int most = 0;
  for (const Chunk& chunk : tables.chunks) most = std::max(most, chunk.end - chunk.begin);
  return most;
}

}  // namespace

bool any_routes(const Shape& shape) {
  for (std::size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    if (routes(shape, shape.cu_seqlens[s + 1] - shape.cu_seqlens[s])) return true;
  }
  return false;
}

ForwardTables forward_tables(const Shape& shape) {
  ForwardTables tables;
  const bool routed = any_routes(shape);
  const int all = tokens_of(shape), step = routed ? std::max(1, shape.chunk_tokens) : std::max(1, all);
  for (int begin = 0; begin < all; begin += std::min(step, all - begin)) {
    const int end = begin + std::min(step, all - begin);
    const std::vector<RowTile> tiles = row_tiles(shape, kCausalRows, begin, end);
    tables.chunks.push_back({begin, end, static_cast<int>(tables.row_tiles.size()), static_cast<int>(tiles.size())});
    tables.row_tiles.insert(tables.row_tiles.end(), tiles.begin(), tiles.end());
  }
  if (routed) {
    tables.blocks = block_table(shape);
    tables.gate_tiles = gate_tiles(shape);
    for (const Chunk& chunk : tables.chunks) tables.index.push_back(index_plan(shape, chunk.begin, chunk.end));
  }
  return tables;
}

IndexMemory index_memory(const Shape& shape, const std::vector<IndexPlan>& plans, bool with_items,
                         Workspace& workspace) {
  std::size_t tiles = 0, blocks = 0, scratch = 0, tokens = 0;
  IndexMemory memory = {};
  for (const IndexPlan& plan : plans) {
    tiles = std::max(tiles, plan.tiles.size());
    blocks = std::max(blocks, plan.blocks.size());
    scratch = std::max(scratch, index_workspace(plan, shape.heads));
    tokens = std::max(tokens, static_cast<std::size_t>(plan.chunk_end - plan.chunk_begin));
    if (with_items)
      memory.most_items = std::max(memory.most_items, most_work_items(plan, shape.heads, slots_of(shape)));
  }
  const std::size_t heads = static_cast<std::size_t>(shape.heads), slots = static_cast<std::size_t>(slots_of(shape));
  memory.tiles = workspace.array<IndexTile>(tiles);
  memory.blocks = workspace.array<BlockCells>(blocks);
  memory.scratch = workspace.array<char>(scratch);
  memory.offsets = workspace.array<int>(heads * blocks + 1);
  memory.entries = workspace.array<int>(tokens * heads * slots);
  if (!with_items) return memory;
  memory.items = workspace.array<WorkItem>(static_cast<std::size_t>(memory.most_items));
  memory.item_count = workspace.array<int>(1);
  return memory;
}

IndexParameters index_parameters(const Shape& shape, const IndexPlan& plan, const IndexMemory& memory,
                                 const int* picks) {
  IndexParameters p = {};
  p.picks = picks;
  p.tiles = memory.tiles;
  p.blocks = memory.blocks;
  p.workspace = memory.scratch;
  p.offsets = memory.offsets;
  p.entries = memory.entries;
  p.items = memory.items;
  p.item_count = memory.item_count;
  p.tokens = tokens_of(shape);
  p.heads = shape.heads;
  p.slots = slots_of(shape);
  p.total_blocks = static_cast<int>(plan.blocks.size());
  p.chunk_begin = plan.chunk_begin;
  p.chunk_tokens = plan.chunk_end - plan.chunk_begin;
  p.tile_count = static_cast<int>(plan.tiles.size());
  p.cells = plan.cells;
  p.most_blocks = plan.most_blocks;
  p.most_items = memory.items == nullptr ? 0 : most_work_items(plan, shape.heads, slots_of(shape));
  return p;
}

ForwardMemory forward_memory(const Shape& shape, const ForwardTables& tables, Workspace& workspace) {
  ForwardMemory memory = {};
  memory.row_tiles = workspace.array_for(tables.row_tiles);
  if (tables.gate_tiles.empty()) return memory;
  const std::size_t blocks = tables.blocks.size();
  const std::size_t row_width = static_cast<std::size_t>(shape.kv_heads * shape.head_dim);
  const std::size_t picks =
      static_cast<std::size_t>(chunk_tokens(tables)) * static_cast<std::size_t>(shape.heads * slots_of(shape));
  memory.blocks = workspace.array_for(tables.blocks);
  memory.gate_tiles = workspace.array_for(tables.gate_tiles);
  memory.mean_key = workspace.array<std::uint16_t>(blocks * row_width);
  memory.partials = workspace.array<std::uint16_t>(picks * static_cast<std::size_t>(shape.head_dim));
  memory.partial_lse = workspace.array<float>(picks);
  memory.index = index_memory(shape, tables.index, true, workspace);
  return memory;
}

BackwardTables backward_tables(const Shape& shape) {
  BackwardTables tables = {key_tiles(shape), {}};
  if (any_routes(shape)) tables.index.push_back(index_plan(shape, 0, tokens_of(shape)));
  return tables;
}

BackwardMemory backward_memory(const Shape& shape, const BackwardTables& tables, Workspace& workspace) {
  BackwardMemory memory = {};
  memory.key_tiles = workspace.array_for(tables.key_tiles);
  if (!tables.index.empty()) memory.index = index_memory(shape, tables.index, false, workspace);
  memory.row_terms = workspace.array<float>(2 * query_size(shape) / static_cast<std::size_t>(shape.head_dim));
  memory.dq_sum = workspace.array<float>(query_size(shape));
  return memory;
}

std::size_t forward_workspace(const Shape& shape) {
  Workspace workspace(nullptr);
  (void)forward_memory(shape, forward_tables(shape), workspace);
  return workspace.bytes();
}

std::size_t backward_workspace(const Shape& shape) {
  Workspace workspace(nullptr);
  (void)backward_memory(shape, backward_tables(shape), workspace);
  return workspace.bytes();
}

}  // namespace mobasim::kernels::cuda
