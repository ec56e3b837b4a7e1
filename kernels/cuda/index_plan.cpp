#include "kernels/cuda/index_plan.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "kernels/cuda/block_table.h"
#include "kernels/cuda/launch_error.h"

namespace mobasim::kernels::cuda {
namespace {

constexpr int kLeastTileTokens = 256;
constexpr int kMostTileBlocks = 24 * 1024;  // 96 KiB of counters, which every multiprocessor from sm_80 on has

// So many tokens that their picks are no fewer than their blocks: counts then take no more memory than picks.
int tile_tokens(int blocks, int slots) { return std::max(kLeastTileTokens, (blocks + slots - 1) / slots); }

void check_sizes(const IndexPlan& plan, const Shape& shape, std::int64_t cells) {
  const std::int64_t tokens = plan.chunk_end - plan.chunk_begin;
  if (tokens * shape.heads * slots_of(shape) > INT32_MAX || cells > INT32_MAX || tokens > (1 << (31 - kSlotBits))) {
    throw CudaError("the routing index of " + std::to_string(tokens) + " tokens, " + std::to_string(shape.heads) +
                    " heads and top_k " + std::to_string(shape.top_k) + " has more than 2^31 entries");
  }
  if (plan.most_blocks > kMostTileBlocks) {
    throw CudaError("a sequence of " + std::to_string(plan.most_blocks) + " blocks; the routing index takes " +
                    std::to_string(kMostTileBlocks));
  }
}

}  // namespace

IndexPlan index_plan(const Shape& shape, int chunk_begin, int chunk_end) {
  IndexPlan plan;
  plan.chunk_begin = chunk_begin;
  plan.chunk_end = chunk_end;
  std::int64_t cells = 0;
  for (const SequenceSpan& span : sequence_spans(shape)) {
    const int begin = std::max(span.token_begin, chunk_begin), end = std::min(span.token_end, chunk_end);
    // Blocks strictly before the last token's own.
    const int blocks = begin < end && routes(shape, span.token_end - span.token_begin)
                           ? (end - 1 - span.token_begin) / shape.block
                           : 0;
    const int tokens = blocks > 0 ? tile_tokens(blocks, slots_of(shape)) : 0;
    const int tiles = blocks > 0 ? (end - begin + tokens - 1) / tokens : 0;
    for (int i = 0; i < span.blocks; ++i) {
      plan.blocks.push_back({static_cast<int>(cells) + i, blocks, i < blocks ? tiles : 0});
    }
    for (int i = 0; i < tiles; ++i) {
      const int tile_begin = begin + i * tokens;
      plan.tiles.push_back({tile_begin, std::min(tile_begin + tokens, end), span.block_begin, blocks,
                            static_cast<int>(cells + std::int64_t{i} * blocks)});
    }
    cells += std::int64_t{tiles} * blocks;
    plan.most_blocks = std::max(plan.most_blocks, blocks);
    check_sizes(plan, shape, cells);
  }
  plan.cells = static_cast<int>(cells);
  return plan;
}

std::size_t index_workspace(const IndexPlan& plan, int heads) {
  return index_count_bytes(plan.cells, heads) + index_sum_bytes(static_cast<int>(plan.blocks.size()), heads);
}

int most_work_items(const IndexPlan& plan, int heads, int slots) {
  const std::int64_t picks = std::int64_t{plan.chunk_end - plan.chunk_begin} * heads * slots;
  const std::int64_t started =
      std::min<std::int64_t>(picks, std::int64_t{heads} * static_cast<int>(plan.blocks.size()));
  return static_cast<int>(std::min<std::int64_t>(picks / kItemEntries + started, INT32_MAX));
}

}  // namespace mobasim::kernels::cuda
