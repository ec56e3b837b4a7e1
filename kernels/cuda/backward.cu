// The backward pass: what the rows need (delta), then key tile by key tile dK, dV and the sums of dQ, then dQ in the
// element. FlashAttention-2 (Dao 2023, arXiv 2307.08691, section 3.2); MoBA's routed rows come by the index of all
// picks.
#include <cmath>

#include "kernels/cuda/backward_keys.h"
#include "kernels/cuda/convert.h"
#include "kernels/cuda/delta.h"
#include "kernels/cuda/machine.h"
#include "kernels/cuda/pipeline.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {
namespace {

BackwardKeysParameters keys_parameters(const Shape& shape, const BackwardTensors& tensors, const BackwardMemory& memory,
                                       const BackwardTables& tables, float scale) {
  BackwardKeysParameters p = {};
  p.q = tensors.q;
  p.d_o = tensors.d_o;
  p.k = tensors.k;
  p.v = tensors.v;
  p.row_terms = memory.row_terms;
  p.dq_sum = memory.dq_sum;
  p.dk = tensors.dk;
  p.dv = tensors.dv;
  p.tiles = memory.key_tiles;
  p.tile_count = static_cast<int>(tables.key_tiles.size());
  p.tokens = tokens_of(shape);
  p.heads = shape.heads;
  p.kv_heads = shape.kv_heads;
  p.scale = scale;
  if (!tables.index.empty()) {
    p.offsets = memory.index.offsets;
    p.entries = memory.index.entries;
    p.entry_count = tokens_of(shape) * shape.heads * slots_of(shape);
    p.total_blocks = static_cast<int>(tables.index.front().blocks.size());
  }
  return p;
}

}  // namespace

void backward(const Shape& shape, const BackwardTensors& tensors, void* workspace, Stream stream,
              const StageHooks& hooks) {
  const BackwardTables tables = backward_tables(shape);
  Workspace placed(workspace);
  const BackwardMemory memory = backward_memory(shape, tables, placed);
  const float scale = 1 / std::sqrt(static_cast<float>(shape.head_dim));
  upload_on(stream, memory.key_tiles, tables.key_tiles);
  staged(hooks, Stage::delta, [&] {
    launch_delta(shape.element, shape.head_dim,
                 {tensors.o, tensors.d_o, tensors.lse, memory.row_terms, memory.dq_sum, tokens_of(shape), shape.heads},
                 stream);
  });
  for (const IndexPlan& plan : tables.index) {
    upload_on(stream, memory.index.tiles, plan.tiles);
    upload_on(stream, memory.index.blocks, plan.blocks);
    staged(hooks, Stage::index,
           [&] { launch_index(index_parameters(shape, plan, memory.index, tensors.picks), stream); });
  }
  staged(hooks, Stage::backward_keys, [&] {
    const std::vector<int> turns = key_turns(shape);
    for (std::size_t i = 0; i + 1 < turns.size(); ++i) {
      BackwardKeysParameters turn = keys_parameters(shape, tensors, memory, tables, scale);
      turn.tiles += turns[i];
      turn.tile_count = turns[i + 1] - turns[i];
      launch_backward_keys(shape.element, shape.head_dim, turn, stream);
    }
  });
  staged(hooks, Stage::convert, [&] {
    launch_convert(shape.element, {memory.dq_sum, tensors.dq, scale, tokens_of(shape), shape.heads * shape.head_dim},
                   stream);
  });
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
