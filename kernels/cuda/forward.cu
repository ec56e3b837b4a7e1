// The forward pass. Full attention and MoBA that routes nothing: one kernel. MoBA (Lu et al. 2025, arXiv 2502.13189,
// algorithm 1, key-major): mean keys and picks of all queries, then, chunk by chunk of the queries, the index of picks
// by block, partial results of the routed blocks, and the own blocks with the partials merged in.
#include "kernels/cuda/causal.h"
#include "kernels/cuda/gate.h"
#include "kernels/cuda/machine.h"
#include "kernels/cuda/pipeline.h"
#include "kernels/cuda/pool.h"
#include "kernels/cuda/routed.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {
namespace {

struct ForwardRun {
  const Shape& shape;
  const ForwardTensors& tensors;
  const ForwardTables& tables;
  const ForwardMemory& memory;
  Stream stream;
  const StageHooks& hooks;
};

void choose_blocks(const ForwardRun& run) {
  const Shape& shape = run.shape;
  const int blocks = static_cast<int>(run.tables.blocks.size());
  upload_on(run.stream, run.memory.blocks, run.tables.blocks);
  upload_on(run.stream, run.memory.gate_tiles, run.tables.gate_tiles);
  staged(run.hooks, Stage::pool, [&] {
    launch_pool({run.tensors.k, run.memory.blocks, run.memory.mean_key, tokens_of(shape), blocks, shape.kv_heads},
                shape.element, shape.head_dim, run.stream);
  });
  staged(run.hooks, Stage::gate, [&] {
    launch_gate(
        {run.tensors.q, run.memory.mean_key, run.memory.gate_tiles, run.tensors.picks,
         static_cast<int>(run.tables.gate_tiles.size()), shape.heads, shape.kv_heads, shape.block, slots_of(shape)},
        shape.element, shape.head_dim, run.stream);
  });
}

// The partial results of the picks of a chunk.
void attend_routed(const ForwardRun& run, const IndexPlan& plan) {
  const Shape& shape = run.shape;
  const IndexMemory& index = run.memory.index;
  upload_on(run.stream, index.tiles, plan.tiles);
  upload_on(run.stream, index.blocks, plan.blocks);
  staged(run.hooks, Stage::index,
         [&] { launch_index(index_parameters(shape, plan, index, run.tensors.picks), run.stream); });
  RoutedParameters p = {};
  p.q = run.tensors.q;
  p.k = run.tensors.k;
  p.v = run.tensors.v;
  p.entries = index.entries;
  p.items = index.items;
  p.item_count = index.item_count;
  p.blocks = run.memory.blocks;
  p.partials = run.memory.partials;
  p.partial_lse = run.memory.partial_lse;
  p.most_items = most_work_items(plan, shape.heads, slots_of(shape));
  p.chunk_begin = plan.chunk_begin;
  p.chunk_tokens = plan.chunk_end - plan.chunk_begin;
  p.entry_count = p.chunk_tokens * shape.heads * slots_of(shape);
  p.total_blocks = static_cast<int>(plan.blocks.size());
  p.tokens = tokens_of(shape);
  p.heads = shape.heads;
  p.kv_heads = shape.kv_heads;
  p.block = shape.block;
  p.slots = slots_of(shape);
  staged(run.hooks, Stage::routed, [&] { launch_routed(shape.element, shape.head_dim, p, run.stream); });
}

void attend(const ForwardRun& run, const Chunk& chunk, bool routed) {
  const Shape& shape = run.shape;
  CausalParameters p = {};
  p.q = run.tensors.q;
  p.k = run.tensors.k;
  p.v = run.tensors.v;
  p.o = run.tensors.o;
  p.lse = run.tensors.lse;
  p.tiles = run.memory.row_tiles + chunk.tile_begin;
  p.tile_count = chunk.tile_count;
  p.tokens = tokens_of(shape);
  p.heads = shape.heads;
  p.kv_heads = shape.kv_heads;
  if (routed) {
    p.partials = run.memory.partials;
    p.partial_lse = run.memory.partial_lse;
    p.picks = run.tensors.picks;
    p.chunk_begin = chunk.begin;
    p.chunk_tokens = chunk.end - chunk.begin;
    p.slots = slots_of(shape);
  }
  staged(run.hooks, Stage::own, [&] { launch_causal(shape.element, shape.head_dim, routed, p, run.stream); });
}

}  // namespace

void forward(const Shape& shape, const ForwardTensors& tensors, void* workspace, Stream stream,
             const StageHooks& hooks) {
  const ForwardTables tables = forward_tables(shape);
  Workspace placed(workspace);
  const ForwardMemory memory = forward_memory(shape, tables, placed);
  const ForwardRun run = {shape, tensors, tables, memory, stream, hooks};
  const bool routed = !tables.gate_tiles.empty();
  upload_on(stream, memory.row_tiles, tables.row_tiles);
  if (routed) {
    choose_blocks(run);
  } else if (tensors.picks != nullptr) {
    const std::size_t picks =
        static_cast<std::size_t>(tokens_of(shape)) * static_cast<std::size_t>(shape.heads * slots_of(shape));
    fill_on(stream, tensors.picks, 0xff, picks * sizeof(int));  // -1
  }
  for (std::size_t i = 0; i < tables.chunks.size(); ++i) {
    // Without a tile of the index no query of the chunk has picks.
    if (routed && !tables.index[i].tiles.empty()) attend_routed(run, tables.index[i]);
    attend(run, tables.chunks[i], routed);
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
