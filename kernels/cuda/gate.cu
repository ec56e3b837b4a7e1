// How the best are kept in registers. A warp multiplies 32 queries with 16 mean keys at a time and turns the product
// through shared memory, so that each lane has the 16 scores of one query. Two passes over the mean keys:
//   1. A sorted list of the best scores alone, by minima and maxima (sorted_list.h): no indices, no branches within a
//      lane. The last that is to be picked is the query's threshold; the list has one more, to see a tie with it.
//   2. The same products again (the same bits): what reaches the threshold is picked, in ascending order of blocks, so
//      that nothing is sorted. Of scores equal to the threshold the first ones are taken, as many as there is room for.
// A second product costs 2.5 instructions per score, which is less than to carry indices through the list.
#include "kernels/cuda/gate.h"
#include "kernels/cuda/sorted_list.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {
namespace {

using simt::SharedAddress;

constexpr int kThreads = kGateRows;  // a thread owns the picks of a row
constexpr int kWarps = kThreads / simt::kWarp;
constexpr int kColumns = 64;  // mean keys in shared memory at a time
constexpr int kGroup = 16;    // scores of a row that are looked at together
constexpr int kRareBlocks = 1024;
constexpr int kScoreBytes = simt::kWarp * kGroup * 4;

// The tile of mean keys, the warp's queries and where they stand.
template <class E, int kHeadDim>
struct GateWarp {
  std::uint32_t q[2][kHeadDim / 16][4];  // operands a: rows 16 m .. 16 m + 15 of the warp
  simt::Rows<const E> mean_key;          // of the sequence and the key head
  SharedAddress tiles, scores;
  int own;       // the warp's own block
  int last_own;  // the greatest own block of the thread block's rows
  int blocks;
};

template <int kHeadDim>
constexpr int kTileBytes = kColumns* kHeadDim * 2;

// Both operands take the 32 columns of two mma in the same order, for 16-byte loads: lane l holds columns
// 8 (l % 4) .. + 7, the first four for the first mma. Mean keys stand in shared memory row after row, 16-byte piece c
// of row r at c ^ 4 (r % 2), so that the 8 lanes served together (two rows, four pieces) fall into different banks.
template <int kHeadDim>
MOBASIM_DEVICE SharedAddress mean_key_address(SharedAddress tile, int row, int piece) {
  return tile + static_cast<SharedAddress>(row * kHeadDim * 2 + (piece ^ (row % 2 * 4)) * 16);
}

template <class E, int kHeadDim>
MOBASIM_DEVICE void load_queries(GateWarp<E, kHeadDim>& warp, const simt::Rows<const E>& q, int first_row,
                                 int last_row) {
  const int lane = simt::lane_index();
#pragma unroll
  for (int half = 0; half < 4; ++half) {  // rows 8 half + lane / 4
    const int wanted = first_row + 8 * half + lane / 4;
    const int row = wanted < last_row ? wanted : last_row;
#pragma unroll
    for (int i = 0; i < kHeadDim / 32; ++i) {
      const auto word = simt::load_as<simt::Word4>(q, row, 32 * i + lane % 4 * 8);
      auto& a = warp.q[half / 2];
      a[2 * i][half % 2] = word.x;
      a[2 * i][2 + half % 2] = word.y;
      a[2 * i + 1][half % 2] = word.z;
      a[2 * i + 1][2 + half % 2] = word.w;
    }
  }
}

// Asks for mean keys kColumns * tile .. of the sequence; zeros beyond its blocks.
template <class E, int kHeadDim>
MOBASIM_DEVICE void copy_mean_keys(const GateWarp<E, kHeadDim>& warp, int tile) {
  constexpr int kPieces = kHeadDim / 8;
  const SharedAddress to = warp.tiles + static_cast<SharedAddress>(tile % 2 * kTileBytes<kHeadDim>);
  const int piece = simt::thread_index() % kPieces;
#pragma unroll
  for (int row = 0; row < kColumns; row += kThreads / kPieces) {
    const int r = row + simt::thread_index() / kPieces;
    const int block = tile * kColumns + r;
    const bool valid = block < warp.last_own;
    simt::cp_async_16(mean_key_address<kHeadDim>(to, r, piece), warp.mean_key, valid ? block : 0, piece * 8, valid);
  }
}

// Where rows' scores stand in the warp's [32 rows][16 scores]: the four 16-byte pieces of a row permuted so that
// neither the pairs of fragments nor whole rows conflict.
MOBASIM_DEVICE SharedAddress score_address(SharedAddress scores, int row, int piece) {
  const int permuted = piece ^ (row / 2 % 2 * 2 + row / 4 % 2);
  return scores + static_cast<SharedAddress>(row * kGroup * 4 + permuted * 16);
}

// The scores of row `lane` with the 16 mean keys from `column` of the tile on.
template <class E, int kHeadDim>
MOBASIM_DEVICE void score_group(float (&score)[kGroup], const GateWarp<E, kHeadDim>& warp, SharedAddress tile,
                                int column) {
  const int lane = simt::lane_index();
  // Pieces 4 i + lane % 4 of row lane / 4 of the 16 (mean_key_address): an odd i flips the 64 that an odd row does.
  const SharedAddress even =
      mean_key_address<kHeadDim>(tile, lane / 4, lane % 4) + static_cast<SharedAddress>(column * kHeadDim * 2);
  const SharedAddress odd = even ^ 64;
  float product[2][2][4] = {};
#pragma unroll
  for (int i = 0; i < kHeadDim / 32; ++i) {
#pragma unroll
    for (int n = 0; n < 2; ++n) {
      const SharedAddress piece = i % 2 == 0 ? even : odd;
      const auto b =
          simt::load_shared<simt::Word4>(piece + static_cast<SharedAddress>(i / 2 * 128 + n * 8 * kHeadDim * 2));
#pragma unroll
      for (int m = 0; m < 2; ++m) {
        simt::mma<E>(product[m][n], warp.q[m][2 * i], b.x, b.y);
        simt::mma<E>(product[m][n], warp.q[m][2 * i + 1], b.z, b.w);
      }
    }
  }
  simt::sync_warp();
#pragma unroll
  for (int m = 0; m < 2; ++m) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
#pragma unroll
      for (int n = 0; n < 2; ++n) {
        const SharedAddress piece = score_address(warp.scores, 16 * m + 8 * half + lane / 4, 2 * n + lane % 4 / 2);
        const simt::Word2 pair = {simt::bits_of(product[m][n][2 * half]), simt::bits_of(product[m][n][2 * half + 1])};
        simt::store_shared(piece + static_cast<SharedAddress>(lane % 2 * 8), pair);
      }
    }
  }
  simt::sync_warp();
#pragma unroll
  for (int piece = 0; piece < 4; ++piece) {
    const auto word = simt::load_shared<simt::Word4>(score_address(warp.scores, lane, piece));
    const std::uint32_t bits[4] = {word.x, word.y, word.z, word.w};
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      score[4 * piece + j] = simt::float_of(bits[j]);
    }
  }
}

// Walks over the mean keys before the own blocks, in their order: group(first block, scores) for each 16 of them of
// which the warp has a block to look at.
template <class E, int kHeadDim, class Group>
MOBASIM_DEVICE void walk(const GateWarp<E, kHeadDim>& warp, bool looks, const Group& group) {
  const int tiles = (warp.last_own + kColumns - 1) / kColumns;
  simt::sync_block();  // the last walk has read its tiles
  if (tiles > 0) copy_mean_keys(warp, 0);
  simt::cp_async_commit();
  for (int tile = 0; tile < tiles; ++tile) {
    if (tile + 1 < tiles) copy_mean_keys(warp, tile + 1);
    simt::cp_async_commit();
    simt::cp_async_wait<1>();
    simt::sync_block();
    const SharedAddress at = warp.tiles + static_cast<SharedAddress>(tile % 2 * kTileBytes<kHeadDim>);
    const int left = warp.own - tile * kColumns;
    const int end = !looks ? 0 : left < kColumns ? left : kColumns;
    for (int column = 0; column < end; column += kGroup) {
      float score[kGroup];
      score_group(score, warp, at, column);
      group(tile * kColumns + column, score);
    }
    simt::sync_block();
  }
  simt::cp_async_wait<0>();
}

MOBASIM_DEVICE float without_nan(float score) { return simt::greater(score, -simt::infinity()); }

// What decides whether a row picks a block.
struct Threshold {
  float score;  // of the last that is picked
  int equal;    // how many of this score may be picked
  bool plain;   // no more than those reach it, and no NaN does
};

// The first pass.
template <class E, int kHeadDim, int kKept>
MOBASIM_DEVICE Threshold row_threshold(const GateWarp<E, kHeadDim>& warp, int slots, bool looks) {
  constexpr int kBatch = kKept < kGroup ? kKept : kGroup;
  // The slots + 1 greatest so far. The places beyond hold +infinity, and stay at the front.
  float best[kKept];
#pragma unroll
  for (int i = 0; i < kKept; ++i) best[i] = i < kKept - 1 - slots ? simt::infinity() : -simt::infinity();
  walk(warp, looks, [&](int first, float(&score)[kGroup]) {
    const int left = warp.own - first;
#pragma unroll
    for (int j = 0; j < kGroup; ++j) score[j] = without_nan(score[j]);
    if (left < kGroup) {
#pragma unroll
      for (int j = 0; j < kGroup; ++j) score[j] = j < left ? score[j] : -simt::infinity();
    }
#pragma unroll
    for (int batch = 0; batch < kGroup; batch += kBatch) {
      float fresh[kBatch];
#pragma unroll
      for (int j = 0; j < kBatch; ++j) fresh[j] = score[batch + j];
      if (first >= kRareBlocks) {  // far along, where hardly anything is new, it pays to look
        float greatest = fresh[0];
#pragma unroll
        for (int j = 1; j < kBatch; ++j) greatest = simt::greater(greatest, fresh[j]);
        if (simt::ballot(greatest > best[kKept - 1]) == 0) continue;
      }
      keep_greatest(best, fresh);
    }
  });
  const float last = best[kKept - 2];
  int above = 0;
#pragma unroll
  for (int i = 0; i < kKept - 1; ++i) above += i >= kKept - 1 - slots && best[i] > last ? 1 : 0;
  return {last, slots - above, last > best[kKept - 1]};
}

// The lowest `count` of the bits.
MOBASIM_DEVICE std::uint32_t lowest_bits(std::uint32_t bits, int count) {
  std::uint32_t kept = 0;
  for (; bits != 0 && count > 0; --count) {
    kept |= bits & (0u - bits);
    bits &= bits - 1;
  }
  return kept;
}

// Bit j: score j is picked. Where not all rows of the warp are plain, equal scores are counted.
MOBASIM_DEVICE std::uint32_t picked(const float (&score)[kGroup], Threshold& threshold, bool plain) {
  std::uint32_t reached = 0, equal = 0;
  if (plain) {
#pragma unroll
    for (int j = 0; j < kGroup; ++j) reached |= score[j] >= threshold.score ? 1u << j : 0u;
    return reached;
  }
#pragma unroll
  for (int j = 0; j < kGroup; ++j) {
    reached |= without_nan(score[j]) > threshold.score ? 1u << j : 0u;
    equal |= without_nan(score[j]) == threshold.score ? 1u << j : 0u;
  }
  equal = lowest_bits(equal, threshold.equal);
  threshold.equal -= simt::population(equal);
  return reached | equal;
}

// Writes the blocks of the bits behind the `written` picks of the row.
MOBASIM_DEVICE void write_blocks(const simt::Rows<int>& picks, int& written, std::uint32_t bits, int first) {
  for (; bits != 0; bits &= bits - 1) simt::store(picks, 0, written++, first + simt::lowest_bit(bits));
}

// The second pass. Returns how many picks it wrote.
template <class E, int kHeadDim>
MOBASIM_DEVICE int write_picks(const GateWarp<E, kHeadDim>& warp, Threshold threshold, bool looks,
                               const simt::Rows<int>& picks, bool valid) {
  const bool plain = simt::ballot(!threshold.plain) == 0;
  int written = 0;
  std::uint32_t bits = 0;  // of 32 blocks: the fewer loops, the less the lanes wait for each other
  walk(warp, looks, [&](int first, const float(&score)[kGroup]) {
    std::uint32_t now = picked(score, threshold, plain);
    const int left = warp.own - first;
    if (left < kGroup) now &= (1u << left) - 1;
    if (!valid) now = 0;
    bits |= now << first % 32;
    if (first % 32 != 0 || left <= kGroup) {
      write_blocks(picks, written, bits, first - first % 32);
      bits = 0;
    }
  });
  return written;
}

template <class E, int kHeadDim, int kKept>
MOBASIM_KERNEL(kThreads, kKept <= 16 ? 3 : 2)
gate_picks(GateParameters p) {
  const simt::Index3 at = simt::block_index();
  const int head = at.y;
  const auto table = simt::line_of(reinterpret_cast<const int*>(p.tiles), "tiles", p.tile_count * kGateTileInts);
  const int entry = at.x * kGateTileInts;
  const int row_begin = simt::load(table, 0, entry), row_end = simt::load(table, 0, entry + 1);
  const int position = simt::load(table, 0, entry + 2), block_begin = simt::load(table, 0, entry + 3);
  const int blocks = simt::load(table, 0, entry + 4), routing = simt::load(table, 0, entry + 5);
  const int rows = row_end - row_begin;

  const int row = simt::thread_index();
  const int token = row_begin + (row < rows ? row : rows - 1);
  const auto picks =
      simt::line_of(p.picks + (static_cast<std::int64_t>(token) * p.heads + head) * p.slots, "picks", p.slots);
  const int first_row = simt::warp_index() * simt::kWarp;  // 32 rows have one own block: blocks are multiples of 64
  int written = 0;
  GateWarp<E, kHeadDim> warp;
  warp.own = routing != 0 ? (position + first_row) / p.block : 0;
  warp.last_own = routing != 0 ? (position + rows - 1) / p.block : 0;
  if (warp.last_own > p.slots) {
    const bool looks = warp.own > p.slots && first_row < rows;
    const auto q =
        simt::rows_of(static_cast<const E*>(p.q) + (static_cast<std::int64_t>(row_begin) * p.heads + head) * kHeadDim,
                      "q", rows, kHeadDim, p.heads * kHeadDim);
    const int kv_head = head / (p.heads / p.kv_heads);
    warp.mean_key = simt::rows_of(
        static_cast<const E*>(p.mean_key) + (static_cast<std::int64_t>(block_begin) * p.kv_heads + kv_head) * kHeadDim,
        "mean_key", blocks, kHeadDim, p.kv_heads * kHeadDim);
    warp.tiles = simt::shared_base();
    warp.scores = warp.tiles + static_cast<SharedAddress>(2 * kTileBytes<kHeadDim> + simt::warp_index() * kScoreBytes);
    load_queries(warp, q, first_row, rows - 1);
    const Threshold threshold = row_threshold<E, kHeadDim, kKept>(warp, p.slots, looks);
    written = write_picks(warp, threshold, looks, picks, row < rows);
  }
  if (row >= rows) return;
  if (warp.own <= p.slots) {  // no more blocks than slots: all
    for (; written < warp.own; ++written) simt::store(picks, 0, written, written);
  }
  for (; written < p.slots; ++written) simt::store(picks, 0, written, -1);
}

template <class E, int kHeadDim>
void launch_gate_of(const GateParameters& p, Stream stream) {
  LaunchShape shape;
  shape.grid = {static_cast<unsigned>(p.tile_count), static_cast<unsigned>(p.heads), 1};
  shape.threads = kThreads;
  shape.shared_bytes = 2 * kTileBytes<kHeadDim> + kWarps * kScoreBytes;
  if (p.slots < 4) {
    MOBASIM_LAUNCH(stream, shape, p, gate_picks<E, kHeadDim, 4>);
  } else if (p.slots < 8) {
    MOBASIM_LAUNCH(stream, shape, p, gate_picks<E, kHeadDim, 8>);
  } else if (p.slots < 16) {
    MOBASIM_LAUNCH(stream, shape, p, gate_picks<E, kHeadDim, 16>);
  } else if (p.slots < 32) {
    MOBASIM_LAUNCH(stream, shape, p, gate_picks<E, kHeadDim, 32>);
  } else {
    MOBASIM_LAUNCH(stream, shape, p, gate_picks<E, kHeadDim, 64>);
  }
}

}  // namespace

void launch_gate(const GateParameters& parameters, Element element, int head_dim, Stream stream) {
  if (element == Element::bf16) {
    head_dim == 64 ? launch_gate_of<simt::Bf16, 64>(parameters, stream)
                   : launch_gate_of<simt::Bf16, 128>(parameters, stream);
  } else {
    head_dim == 64 ? launch_gate_of<simt::Fp16, 64>(parameters, stream)
                   : launch_gate_of<simt::Fp16, 128>(parameters, stream);
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
