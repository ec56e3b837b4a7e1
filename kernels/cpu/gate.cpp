#include "kernels/cpu/gate.h"

#include <algorithm>
#include <numeric>

#include "kernels/cpu/parallel.h"

namespace mobasim::kernels {
namespace {

// What a thread needs beside its tile.
struct GateScratch {
  Buffer<float> scores, values;  // [blocks, kLanes] [slots, kLanes]
  Buffer<std::int32_t> best;     // [slots, kLanes]
};

void write_picks(const Tile& tile, const Buffer<std::int32_t>& best, std::int64_t slots, std::int64_t heads,
                 std::int64_t head, Selection& selection) {
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    std::int32_t* picks = selection.picks.data() + (tile.token[r] * heads + head) * slots;
    std::int64_t count = 0;
    for (std::int64_t s = 0; s < slots; ++s) {
      const std::int32_t block = best[static_cast<std::size_t>(s * kLanes + r)];
      if (block >= 0) picks[count++] = block;
    }
    std::sort(picks, picks + count);
    std::fill(picks + count, picks + slots, -1);
  }
}

}  // namespace

Buffer<float> mean_keys(CpuContext& context, Run sequence) {
  const Problem& problem = context.problem;
  const std::int64_t blocks = blocks_of(problem, sequence.end - sequence.begin), columns = context.keys.columns;
  Buffer<float> means(static_cast<std::size_t>(problem.kv_heads * blocks * columns), 0.0f);
  parallel_for(problem.kv_heads * blocks, context.threads, [&](std::int64_t i, int) {
    const std::int64_t first = sequence.begin + i % blocks * problem.block;
    const std::int64_t last = std::min(first + problem.block, sequence.end);
    float* mean = means.data() + i * columns;
    for (std::int64_t t = first; t < last; ++t) {
      const float* key = context.keys.k.data() + context.keys.offset(i / blocks, t);
      for (std::int64_t c = 0; c < columns; ++c) mean[c] += key[c];
    }
    for (std::int64_t c = 0; c < columns; ++c) mean[c] /= static_cast<float>(last - first);
    if (context.mean_keys == Dtype::f32) return;
    for (std::int64_t c = 0; c < columns; ++c) {
      mean[c] = static_cast<float>(rounded(static_cast<double>(mean[c]), context.mean_keys));
    }
  });
  return means;
}

void choose_blocks(CpuContext& context, Run sequence, const Buffer<float>& means, Selection& selection) {
  const Problem& problem = context.problem;
  const std::int64_t length = sequence.end - sequence.begin, slots = slots_of(problem);
  const std::int64_t blocks = blocks_of(problem, length), tiles = (length + kLanes - 1) / kLanes;
  std::vector<GateScratch> scratch;
  for (int i = 0; i < context.threads; ++i) {
    const auto size = [](std::int64_t rows) { return static_cast<std::size_t>(rows * kLanes); };
    scratch.push_back({Buffer<float>(size(blocks)), Buffer<float>(size(slots)), Buffer<std::int32_t>(size(slots))});
  }
  parallel_for(problem.heads * tiles, context.threads, [&](std::int64_t i, int thread) {
    const std::int64_t head = i / tiles, first = i % tiles * kLanes;
    const std::int64_t rows = std::min<std::int64_t>(kLanes, length - first);
    Tile& tile = context.tiles[static_cast<std::size_t>(thread)];
    GateScratch& mine = scratch[static_cast<std::size_t>(thread)];
    std::int64_t tokens_of_tile[kLanes];
    std::iota(tokens_of_tile, tokens_of_tile + rows, sequence.begin + first);
    begin_forward(tile, context, head, tokens_of_tile, rows);
    std::int32_t past[kLanes] = {};  // a block is open to a query only when it lies wholly before the query's own
    for (std::int64_t r = 0; r < rows; ++r) past[r] = static_cast<std::int32_t>((first + r) / problem.block);
    const std::int64_t open = past[rows - 1];
    const float* mean = means.data() + kv_head_of(problem, head) * blocks * tile.columns;
    context.micro.multiply(open, tile.lanes, tile.head_dim, {mean, tile.columns, 1}, tile.q_t.data(), kLanes,
                           mine.scores.data(), kLanes, false);
    context.micro.top_blocks(mine.scores.data(), open, tile.lanes, slots, past, mine.best.data(), mine.values.data());
    write_picks(tile, mine.best, slots, problem.heads, head, selection);
  });
}

}  // namespace mobasim::kernels
