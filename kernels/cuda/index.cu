#include "kernels/cuda/index.h"
#include "kernels/cuda/launch.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {
namespace {

using simt::SharedAddress;

constexpr int kScanWarps = kScanThreads / simt::kWarp;
constexpr int kAhead = 4;        // picks a lane loads before it looks at the first
constexpr int kTilesAhead = 16;  // counts likewise
constexpr int kNone = -1;

MOBASIM_DEVICE SharedAddress counter(int block) { return simt::shared_base() + static_cast<SharedAddress>(block * 4); }

// A tile and one head's picks in it: what one warp, which is the whole thread block, goes through.
struct TilePicks {
  simt::Rows<const int> picks;  // from the first token's of the head to the last token's
  int tokens, slots, stride;    // stride: from token to token
  int token_begin, block_begin, blocks, cell_begin;
};

MOBASIM_DEVICE TilePicks tile_picks(const IndexParameters& p, int tile, int head) {
  constexpr int kInts = sizeof(IndexTile) / sizeof(int);
  const auto table = simt::line_of(reinterpret_cast<const int*>(p.tiles), "tiles", p.tile_count * kInts);
  const int begin = simt::load(table, 0, tile * kInts), end = simt::load(table, 0, tile * kInts + 1);
  const int* first = p.picks + (static_cast<std::int64_t>(begin) * p.heads + head) * p.slots;
  const int stride = p.heads * p.slots;
  return {simt::line_of(first, "picks", (end - begin - 1) * stride + p.slots),
          end - begin,
          p.slots,
          stride,
          begin,
          simt::load(table, 0, tile * kInts + 2),
          simt::load(table, 0, tile * kInts + 3),
          simt::load(table, 0, tile * kInts + 4)};
}

// visit(block or kNone, row << kSlotBits | slot) for 32 picks at a time, token after token, slot after slot, ascending
// over the lanes; all lanes together.
template <class Visit>
MOBASIM_DEVICE void for_picks(const TilePicks& tile, const Visit& visit) {
  constexpr int kRow = 1 << kSlotBits;
  int slot = simt::lane_index() % tile.slots;
  int entry = simt::lane_index() / tile.slots * kRow | slot;
  int at = simt::lane_index() / tile.slots * tile.stride + slot;
  // 32 picks on, and what a carry from slot to row adds.
  const int slot_step = simt::kWarp % tile.slots;
  const int entry_step = simt::kWarp / tile.slots * kRow + slot_step, entry_carry = kRow - tile.slots;
  const int step = simt::kWarp / tile.slots * tile.stride + slot_step, carry = tile.stride - tile.slots;
  const int picks = tile.tokens * tile.slots;
  for (int begin = 0; begin < picks; begin += kAhead * simt::kWarp) {
    int block[kAhead], entries[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      block[i] = entry < tile.tokens * kRow ? simt::load(tile.picks, 0, at) : kNone;
      entries[i] = entry;
      slot += slot_step;
      const bool carries = slot >= tile.slots;
      slot -= carries ? tile.slots : 0;
      entry += carries ? entry_step + entry_carry : entry_step;
      at += carries ? step + carry : step;
    }
#pragma unroll
    for (int i = 0; i < kAhead; ++i) visit(block[i], entries[i]);
  }
}

MOBASIM_DEVICE simt::Rows<int> counts_of(const IndexParameters& p) {
  return simt::rows_of(static_cast<int*>(p.workspace), "counts", p.heads, p.cells, p.cells);
}
MOBASIM_DEVICE simt::Rows<int> sums_of(const IndexParameters& p, int sums) {
  int* after_counts = static_cast<int*>(p.workspace) + index_count_bytes(p.cells, p.heads) / sizeof(int);
  return simt::rows_of(after_counts, "sums", sums, 2, 2);
}

// One tile and head: how often each block is picked.
MOBASIM_KERNEL(simt::kWarp, 1)
count_picks(IndexParameters p) {
  const simt::Index3 at = simt::block_index();
  const TilePicks tile = tile_picks(p, at.x, at.y);
  for (int b = simt::lane_index(); b < tile.blocks; b += simt::kWarp) simt::store_shared(counter(b), 0);
  simt::sync_warp();
  for_picks(tile, [&](int block, int) {
    if (block != kNone) simt::atomic_add_shared(counter(block), 1);
  });
  simt::sync_warp();
  const auto counts = counts_of(p);
  for (int b = simt::lane_index(); b < tile.blocks; b += simt::kWarp) {
    simt::store(counts, at.y, tile.cell_begin + b, simt::load_shared<int>(counter(b)));
  }
}

struct Pair {
  int picks, items;
};
MOBASIM_DEVICE Pair operator+(Pair a, Pair b) { return {a.picks + b.picks, a.items + b.items}; }
MOBASIM_DEVICE Pair group_of(int picks) { return {picks, (picks + kItemEntries - 1) / kItemEntries}; }

// The sum over the threads below this one, and over all of the block. Between two scans a barrier is needed.
struct Scanned {
  Pair below, all;
};
MOBASIM_DEVICE Scanned scanned(Pair own) {
  const int lane = simt::lane_index();
  Pair sum = own;  // of this lane and those below
#pragma unroll
  for (int distance = 1; distance < simt::kWarp; distance *= 2) {
    const int from = lane >= distance ? lane - distance : lane;
    const Pair other = {simt::shuffle(sum.picks, from), simt::shuffle(sum.items, from)};
    if (lane >= distance) sum = sum + other;
  }
  const SharedAddress base = simt::shared_base();
  if (lane == simt::kWarp - 1) {
    simt::store_shared(base + static_cast<SharedAddress>(simt::warp_index() * 8),
                       simt::Word2{static_cast<std::uint32_t>(sum.picks), static_cast<std::uint32_t>(sum.items)});
  }
  simt::sync_block();
  Scanned out = {{sum.picks - own.picks, sum.items - own.items}, {0, 0}};
#pragma unroll
  for (int warp = 0; warp < kScanWarps; ++warp) {
    const auto word = simt::load_shared<simt::Word2>(base + static_cast<SharedAddress>(warp * 8));
    const Pair total = {static_cast<int>(word.x), static_cast<int>(word.y)};
    if (warp < simt::warp_index()) out.below = out.below + total;
    out.all = out.all + total;
  }
  return out;
}

// A thread is one group, (head, global block): its tiles' counts become the counts of the tiles before, its size goes
// to offsets.
MOBASIM_KERNEL(kScanThreads, 4)
sum_tiles(IndexParameters p) {
  const int groups = p.heads * p.total_blocks;
  const int group = simt::block_index().x * kScanThreads + simt::thread_index();
  int size = 0;
  if (group < groups) {
    constexpr int kInts = sizeof(BlockCells) / sizeof(int);
    const int head = group / p.total_blocks, block = group % p.total_blocks;
    const auto table = simt::line_of(reinterpret_cast<const int*>(p.blocks), "blocks", p.total_blocks * kInts);
    int cell = simt::load(table, 0, block * kInts);
    const int stride = simt::load(table, 0, block * kInts + 1), tiles = simt::load(table, 0, block * kInts + 2);
    const auto counts = counts_of(p);
    for (int tile = 0; tile < tiles; tile += kTilesAhead, cell += kTilesAhead * stride) {
      int count[kTilesAhead];
#pragma unroll
      for (int i = 0; i < kTilesAhead; ++i) {
        count[i] = tile + i < tiles ? simt::load(counts, head, cell + i * stride) : 0;
      }
#pragma unroll
      for (int i = 0; i < kTilesAhead; ++i) {
        if (tile + i < tiles) simt::store(counts, head, cell + i * stride, size);
        size += count[i];
      }
    }
    simt::store(simt::line_of(p.offsets, "offsets", groups + 1), 0, group, size);
  }
  const Scanned scan = scanned(group_of(size));
  if (simt::thread_index() == 0) {
    const auto sums = sums_of(p, index_sums(p.total_blocks, p.heads));
    simt::store(sums, simt::block_index().x, 0, scan.all.picks);
    simt::store(sums, simt::block_index().x, 1, scan.all.items);
  }
}

// One thread block: the sums become the sums of those before.
MOBASIM_KERNEL(kScanThreads, 1)
scan_sums(IndexParameters p) {
  const int count = index_sums(p.total_blocks, p.heads), groups = p.heads * p.total_blocks;
  const auto sums = sums_of(p, count);
  Pair before = {0, 0};
  for (int begin = 0; begin < count; begin += kScanThreads) {
    const int i = begin + simt::thread_index();
    Pair own = {0, 0};
    if (i < count) own = {simt::load(sums, i, 0), simt::load(sums, i, 1)};
    if (begin > 0) simt::sync_block();  // the last scan has been read
    const Scanned scan = scanned(own);
    if (i < count) {
      simt::store(sums, i, 0, before.picks + scan.below.picks);
      simt::store(sums, i, 1, before.items + scan.below.items);
    }
    before = before + scan.all;
  }
  if (simt::thread_index() == 0) {
    simt::store(simt::line_of(p.offsets, "offsets", groups + 1), 0, groups, before.picks);
    if (p.item_count != nullptr) simt::store(simt::line_of(p.item_count, "item_count", 1), 0, 0, before.items);
  }
}

// A thread is one group: where it begins, and its work items.
MOBASIM_KERNEL(kScanThreads, 4)
place_groups(IndexParameters p) {
  const int groups = p.heads * p.total_blocks;
  const int group = simt::block_index().x * kScanThreads + simt::thread_index();
  const auto offsets = simt::line_of(p.offsets, "offsets", groups + 1);
  const int size = group < groups ? simt::load(offsets, 0, group) : 0;
  const Pair below = scanned(group_of(size)).below;
  if (group >= groups) return;
  const auto sums = sums_of(p, index_sums(p.total_blocks, p.heads));
  const int begin = simt::load(sums, simt::block_index().x, 0) + below.picks;
  simt::store(offsets, 0, group, begin);
  if (p.items == nullptr) return;
  int item = simt::load(sums, simt::block_index().x, 1) + below.items;
  const auto items = simt::line_of(p.items, "items", p.most_items);
  const auto head = static_cast<std::uint32_t>(group / p.total_blocks);
  const auto block = static_cast<std::uint32_t>(group % p.total_blocks);
  const int end = simt::planted(simt::Bug::last_item_forgotten) ? size - kItemEntries : size;
  for (int i = 0; i < end; i += kItemEntries, ++item) {
    const int count = size - i < kItemEntries ? size - i : kItemEntries;
    simt::store(items, 0, item,
                simt::Word4{head, block, static_cast<std::uint32_t>(begin + i), static_cast<std::uint32_t>(count)});
  }
}

// One tile and head: each pick goes to the next place of its group. Of the lanes that have the same block the lowest
// goes first, and the last moves the counter on.
MOBASIM_KERNEL(simt::kWarp, 1)
scatter_picks(IndexParameters p) {
  const simt::Index3 at = simt::block_index();
  const TilePicks tile = tile_picks(p, at.x, at.y);
  const auto counts = counts_of(p);
  const int groups = p.heads * p.total_blocks;
  const auto offsets = simt::line_of(p.offsets, "offsets", groups + 1);
  for (int b = simt::lane_index(); b < tile.blocks; b += simt::kWarp) {
    const int begin = simt::load(offsets, 0, at.y * p.total_blocks + tile.block_begin + b);
    simt::store_shared(counter(b), begin + simt::load(counts, at.y, tile.cell_begin + b));
  }
  simt::sync_warp();
  const auto entries = simt::line_of(p.entries, "entries", p.chunk_tokens * p.heads * p.slots);
  const int first_entry = (tile.token_begin - p.chunk_begin) << kSlotBits;
  for_picks(tile, [&](int block, int entry) {
    const std::uint32_t same = simt::match_any(static_cast<std::uint32_t>(block));
    int place = 0;
    if (block != kNone) place = simt::load_shared<int>(counter(block)) + simt::population(same & simt::lanes_below());
    simt::sync_warp();
    if (block != kNone) {
      if (same >> simt::lane_index() == 1) simt::store_shared(counter(block), place + 1);
      simt::store(entries, 0, place, first_entry + entry);
    }
    simt::sync_warp();
  });
}

}  // namespace

void launch_index(const IndexParameters& p, Stream stream) {
  LaunchShape of_tiles;
  of_tiles.grid = {static_cast<unsigned>(p.tile_count), static_cast<unsigned>(p.heads), 1};
  of_tiles.threads = simt::kWarp;
  of_tiles.shared_bytes = static_cast<unsigned>(p.most_blocks) * 4;
  LaunchShape of_groups;
  of_groups.grid = {static_cast<unsigned>(index_sums(p.total_blocks, p.heads)), 1, 1};
  of_groups.threads = kScanThreads;
  of_groups.shared_bytes = kScanWarps * 8;
  LaunchShape of_sums = of_groups;
  of_sums.grid.x = 1;
  MOBASIM_LAUNCH(stream, of_tiles, p, count_picks);
  MOBASIM_LAUNCH(stream, of_groups, p, sum_tiles);
  MOBASIM_LAUNCH(stream, of_sums, p, scan_sums);
  MOBASIM_LAUNCH(stream, of_groups, p, place_groups);
  MOBASIM_LAUNCH(stream, of_tiles, p, scatter_picks);
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
