#include "kernels/cpu/moba.h"

#include <algorithm>
#include <numeric>

#include "kernels/cpu/gate.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/routed.h"

namespace mobasim::kernels::cpu {
namespace {

// The rows of one chunk of one head: a task.
struct Chunk {
  Run sequence, rows;
  std::int64_t head;
  const Buffer<float>* means;
};

// Rows of a chunk: chunk_rows, but not so many that threads are left without a task. A row meets its blocks in
// ascending order whatever its chunk, so its result is the same for chunks of any size.
std::int64_t rows_of_task(const Problem& problem, std::int64_t length, int threads) {
  constexpr std::int64_t kMostRows = 16384;  // 8 MiB of state at head_dim 128
  constexpr std::int64_t kTasksAThread = 4;
  const std::int64_t share = tokens(problem) * problem.heads / (kTasksAThread * threads);
  const std::int64_t rows =
      std::min(chunk_rows(problem, length), threads == 1 ? kMostRows : std::min(share, kMostRows));
  return std::max<std::int64_t>(1, rows / problem.block) * problem.block;
}

// The tasks, the longest first: those of late rows, which score the most blocks.
std::vector<Chunk> chunks_of(const Context& context, std::span<const Run> sequences,
                             const std::vector<Buffer<float>>& means) {
  std::vector<Chunk> chunks;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const Run& sequence = sequences[i];
    const std::int64_t rows = rows_of_task(context.problem, sequence.end - sequence.begin, context.threads);
    for (std::int64_t at = sequence.begin; at < sequence.end; at += rows) {
      for (std::int64_t head = 0; head < context.problem.heads; ++head) {
        chunks.push_back({sequence, {at, std::min(at + rows, sequence.end)}, head, &means[i]});
      }
    }
  }
  const auto longer = [](const Chunk& a, const Chunk& b) {
    return a.rows.begin - a.sequence.begin > b.rows.begin - b.sequence.begin;
  };
  std::stable_sort(chunks.begin(), chunks.end(), longer);
  return chunks;
}

// Gives each thread room for the largest of the chunks.
void make_room(const Context& context, const std::vector<Chunk>& chunks, std::vector<ChunkMemory>& memory) {
  const Problem& problem = context.problem;
  std::int64_t rows = 0, blocks = 0, sorted = 0;
  for (const Chunk& chunk : chunks) {
    rows = std::max(rows, chunk.rows.end - chunk.rows.begin);
    blocks = std::max(blocks, blocks_of(problem, chunk.sequence.end - chunk.sequence.begin));
    sorted = std::max(sorted, sorted_size(problem, chunk.sequence, chunk.rows.end - chunk.rows.begin));
  }
  const auto size = [](std::int64_t count, std::int64_t values) { return static_cast<std::size_t>(count * values); };
  memory.resize(std::max(memory.size(), static_cast<std::size_t>(context.threads)));
  for (ChunkMemory& one : memory) {
    one.scores.grow(size(blocks, kLanes));
    one.best.grow(size(slots_of(problem), kLanes));
    one.scratch.grow(size(slots_of(problem), kLanes));
    one.sorted.grow(size(sorted, 1));
    one.state.o.grow(size(rows, padded(problem.head_dim)));
    one.state.m.grow(size(rows, 1));
    one.state.sum.grow(size(rows, 1));
  }
}

void finish_own_blocks(Context& context, Tile& tile, const Chunk& chunk, const RowState& state) {
  std::int64_t tokens_of_tile[kLanes];
  for (const Run& own : own_blocks(context.problem, chunk.rows)) {
    for (std::int64_t first = own.begin; first < own.end; first += kLanes) {
      const std::int64_t count = std::min<std::int64_t>(kLanes, own.end - first);
      std::iota(tokens_of_tile, tokens_of_tile + count, first);
      begin_forward_from(tile, context, chunk.head, tokens_of_tile, count, state, chunk.rows.begin);
      attend(tile, context, kv_head_of(context.problem, chunk.head), own.begin, own.end, Mask::causal);
      write_rows(tile, context, chunk.head);
    }
  }
}

}  // namespace

std::vector<Run> own_blocks(const Problem& problem, Run rows) {
  std::vector<Run> blocks;
  for (std::int64_t at = rows.begin; at < rows.end; at += problem.block) {
    blocks.push_back({at, std::min(at + problem.block, rows.end)});
  }
  return blocks;
}

void moba_forward(Context& context, std::span<const Run> sequences, Selection& selection) {
  MobaMemory& memory = context.memory.moba;
  memory.means.resize(std::max(memory.means.size(), sequences.size()));
  for (std::size_t i = 0; i < sequences.size(); ++i) set_mean_keys(context, sequences[i], memory.means[i]);
  const std::vector<Chunk> chunks = chunks_of(context, sequences, memory.means);
  make_room(context, chunks, memory.chunks);
  parallel_for(static_cast<std::int64_t>(chunks.size()), context.threads, [&](std::int64_t i, int thread) {
    const Chunk& chunk = chunks[static_cast<std::size_t>(i)];
    Tile& tile = tile_of(context, thread);
    ChunkMemory& mine = memory.chunks[static_cast<std::size_t>(thread)];
    choose_blocks(context, tile, mine, chunk.sequence, chunk.rows, chunk.head, *chunk.means, selection);
    const RoutedRows routed =
        sorted_picks(context.problem, selection, chunk.head, chunk.sequence, chunk.rows, mine.sorted.data());
    clear(mine.state, chunk.rows.end - chunk.rows.begin, tile.columns);
    routed_forward(context, tile, routed, mine.state);
    finish_own_blocks(context, tile, chunk, mine.state);
  });
}

}  // namespace mobasim::kernels::cpu
