#include "kernels/cuda/index.h"

#include <algorithm>
#include <random>

#include "kernels/cuda/block_table.h"
#include "kernels/cuda/index_plan.h"
#include "tests/catch.h"
#include "tests/unit/kernels/simt/fixture.h"

namespace mobasim::tests::index_test {
using namespace kernels;
using namespace kernels::cuda;
using mobasim::tests::Device;

namespace {

struct Chunk {
  Shape shape;
  int begin, end;
  std::vector<int> picks;
};

// Legal picks at random; with `crowded`, block 0 is everybody's first.
Chunk chunk(std::vector<int> cu_seqlens, int heads, int block, int top_k, int begin, int end, bool crowded) {
  Chunk out;
  out.shape.moba = true;
  out.shape.cu_seqlens = std::move(cu_seqlens);
  out.shape.heads = heads;
  out.shape.block = block;
  out.shape.top_k = top_k;
  out.begin = begin;
  out.end = end;
  const int slots = slots_of(out.shape);
  out.picks.assign(static_cast<std::size_t>(tokens_of(out.shape) * heads * slots), -1);
  std::mt19937 random(11);
  for (const SequenceSpan& span : sequence_spans(out.shape)) {
    if (!routes(out.shape, span.token_end - span.token_begin)) continue;
    for (int row = span.token_begin * heads; row < span.token_end * heads; ++row) {
      std::vector<int> past(static_cast<std::size_t>((row / heads - span.token_begin) / block));
      for (std::size_t i = 0; i < past.size(); ++i) past[i] = static_cast<int>(i);
      const std::size_t kept = crowded ? 1 : 0;
      if (past.size() > kept) std::shuffle(past.begin() + static_cast<std::ptrdiff_t>(kept), past.end(), random);
      past.resize(std::min(past.size(), static_cast<std::size_t>(slots)));
      std::sort(past.begin(), past.end());
      std::copy(past.begin(), past.end(), out.picks.begin() + row * slots);
    }
  }
  return out;
}

struct Index {
  std::vector<int> offsets, entries;
  std::vector<WorkItem> items;
  int item_count = 0, most_items = 0;
};

Index index_of(const Chunk& chunk) {
  const Shape& shape = chunk.shape;
  const IndexPlan plan = index_plan(shape, chunk.begin, chunk.end);
  const int slots = slots_of(shape);
  const auto total_blocks = static_cast<int>(plan.blocks.size());
  Index out;
  out.most_items = most_work_items(plan, shape.heads, slots);
  const Device<int> picks(chunk.picks, "picks");
  const Device<IndexTile> tiles(plan.tiles, "tiles");
  const Device<BlockCells> blocks(plan.blocks, "blocks");
  const Device<char> workspace(index_workspace(plan, shape.heads), "workspace");
  const Device<int> offsets(static_cast<std::size_t>(shape.heads * total_blocks + 1), "offsets");
  const Device<int> entries(static_cast<std::size_t>((chunk.end - chunk.begin) * shape.heads * slots), "entries");
  const Device<WorkItem> items(static_cast<std::size_t>(out.most_items), "items");
  const Device<int> item_count(1, "item_count");
  IndexParameters p = {};
  p.picks = picks.data();
  p.tiles = tiles.data();
  p.blocks = blocks.data();
  p.workspace = workspace.data();
  p.offsets = offsets.data();
  p.entries = entries.data();
  p.items = items.data();
  p.item_count = item_count.data();
  p.tokens = tokens_of(shape);
  p.heads = shape.heads;
  p.slots = slots;
  p.total_blocks = total_blocks;
  p.chunk_begin = chunk.begin;
  p.chunk_tokens = chunk.end - chunk.begin;
  p.tile_count = static_cast<int>(plan.tiles.size());
  p.cells = plan.cells;
  p.most_blocks = plan.most_blocks;
  p.most_items = out.most_items;
  launch_index(p, nullptr);
  out.offsets = offsets.values();
  out.entries = entries.values();
  out.items = items.values();
  out.item_count = item_count.values()[0];
  return out;
}

Chunk any_chunk() {
  return GENERATE(chunk({0, 700}, 1, 64, 3, 0, 700, false), chunk({0, 3000}, 3, 64, 4, 1000, 2100, false),
                  chunk({0, 0, 1, 500, 500, 1100, 1164, 2500, 2500}, 2, 64, 3, 0, 2500, true),
                  chunk({0, 0, 1, 500, 500, 1100, 1164, 2500, 2500}, 2, 64, 3, 400, 1500, false),
                  chunk({0, 64 * 66}, 1, 64, 64, 0, 64 * 66, false), chunk({0, 2000}, 20, 64, 8, 0, 2000, false),
                  chunk({0, 5000}, 1, 64, 2, 0, 5000, true), chunk({0, 64 * 900}, 1, 64, 3, 64 * 880, 64 * 900, false),
                  chunk({0, 100, 192}, 2, 64, 3, 0, 192, false));
}

}  // namespace

TEST_CASE("the index is the picks of the chunk, grouped, in ascending order") {
  const Chunk c = any_chunk();
  const Index index = index_of(c);
  const int heads = c.shape.heads, slots = slots_of(c.shape);
  const auto pick_at = [&](int token, int head, int slot) {
    return c.picks[static_cast<std::size_t>((token * heads + head) * slots + slot)];
  };
  int picks = 0;
  for (int row = c.begin * heads; row < c.end * heads; ++row) {
    for (int slot = 0; slot < slots; ++slot) picks += pick_at(row / heads, row % heads, slot) >= 0 ? 1 : 0;
  }
  CHECK(index.offsets.front() == 0);
  CHECK(index.offsets.back() == picks);
  // Ascending entries of the right group, as many as there are picks: each pick is there once.
  const std::vector<SequenceSpan> spans = sequence_spans(c.shape);
  const auto total_blocks = static_cast<int>(block_table(c.shape).size());
  int wrong = 0;
  for (int group = 0; group < heads * total_blocks; ++group) {
    const int head = group / total_blocks, block = group % total_blocks;
    const auto span = std::find_if(spans.begin(), spans.end(),
                                   [&](const SequenceSpan& s) { return block < s.block_begin + s.blocks; });
    const int begin = index.offsets[static_cast<std::size_t>(group)];
    const int end = index.offsets[static_cast<std::size_t>(group) + 1];
    wrong += begin <= end ? 0 : 1;
    for (int i = begin; i < end; ++i) {
      const int entry = index.entries[static_cast<std::size_t>(i)];
      const int token = c.begin + (entry >> kSlotBits), slot = entry % (1 << kSlotBits);
      const bool inside = token >= std::max(c.begin, span->token_begin) && token < std::min(c.end, span->token_end);
      wrong += inside && slot < slots && pick_at(token, head, slot) == block - span->block_begin ? 0 : 1;
      wrong += i == begin || index.entries[static_cast<std::size_t>(i) - 1] < entry ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("the work list covers each entry once, in pieces of one group") {
  const Chunk c = any_chunk();
  const Index index = index_of(c);
  const auto total_blocks = static_cast<int>(block_table(c.shape).size());
  REQUIRE(index.item_count <= index.most_items);
  int next = 0, wrong = 0, full = 0;
  for (int i = 0; i < index.item_count; ++i) {
    const WorkItem item = index.items[static_cast<std::size_t>(i)];
    const auto group = static_cast<std::size_t>(item.head * total_blocks + item.block);
    wrong += item.begin == next && item.count > 0 && item.count <= kItemEntries ? 0 : 1;
    wrong += item.begin >= index.offsets[group] && item.begin + item.count <= index.offsets[group + 1] ? 0 : 1;
    const bool last = item.begin + item.count == index.offsets[group + 1];
    wrong += last || item.count == kItemEntries ? 0 : 1;
    full += last ? 0 : 1;
    next += item.count;
  }
  CHECK(wrong == 0);
  CHECK(next == index.offsets.back());
  CHECK(index.item_count == full + std::count_if(index.offsets.begin() + 1, index.offsets.end(),
                                                 [&](const int& end) { return end > *(&end - 1); }));
}

TEST_CASE("the index does not depend on the order of threads") {
  const Chunk c = chunk({0, 1500}, 2, 64, 4, 0, 1500, true);
  std::vector<int> entries;
  for (const std::uint64_t seed : {1, 2, 3}) {
    simt::ExecutorOptions options;
    options.seed = seed;
    const simt::Session session(options);
    Index index = index_of(c);
    index.entries.resize(static_cast<std::size_t>(index.offsets.back()));
    if (entries.empty()) entries = index.entries;
    CHECK(entries == index.entries);
  }
}

TEST_CASE("tables: every token is in one tile, every cell in one row of counts") {
  const Shape shape = any_chunk().shape;
  std::vector<int> seen(static_cast<std::size_t>(tokens_of(shape)), 0);
  for (const GateTile& tile : gate_tiles(shape)) {
    for (int row = tile.row_begin; row < tile.row_end; ++row) ++seen[static_cast<std::size_t>(row)];
    CHECK(tile.first_position % kGateRows == 0);
  }
  CHECK(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 1; }));
  const IndexPlan plan = index_plan(shape, 0, tokens_of(shape));
  std::vector<int> cells(static_cast<std::size_t>(plan.cells), 0);
  for (const IndexTile& tile : plan.tiles) {
    for (int b = 0; b < tile.blocks; ++b) ++cells[static_cast<std::size_t>(tile.cell_begin + b)];
  }
  for (const BlockCells& block : plan.blocks) {
    for (int i = 0; i < block.tiles; ++i) ++cells[static_cast<std::size_t>(block.cell_begin + i * block.stride)];
  }
  CHECK(std::all_of(cells.begin(), cells.end(), [](int times) { return times == 2; }));
}

}  // namespace mobasim::tests::index_test
