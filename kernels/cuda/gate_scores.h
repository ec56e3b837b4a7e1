// The products of the gate: a warp multiplies 32 queries with 16 mean keys at a time and turns the product through
// shared memory, so that each lane has the 16 scores of one query.
#pragma once

#include "kernels/cuda/tables.h"
#include "kernels/simt/simt.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {

constexpr int kGateThreads = kGateRows;  // a thread owns the picks of a row
constexpr int kGateWarps = kGateThreads / simt::kWarp;
constexpr int kGateColumns = 64;  // mean keys in shared memory at a time
constexpr int kScoreGroup = 16;   // scores of a row that are looked at together
constexpr int kScoreBytes = simt::kWarp * kScoreGroup * 4;

// The tile of mean keys, the warp's queries and where they stand.
template <class E, int kHeadDim>
struct GateWarp {
  std::uint32_t q[2][kHeadDim / 16][4];  // operands a: rows 16 m .. 16 m + 15 of the warp
  simt::Rows<const E> mean_key;          // of the sequence and the key head
  simt::SharedAddress tiles, scores;
  int own;       // the warp's own block
  int last_own;  // the greatest own block of the thread block's rows
};

template <int kHeadDim>
constexpr int kMeanKeyBytes = kGateColumns* kHeadDim * 2;

// Both operands take the 32 columns of two mma in the same order, for 16-byte loads: lane l holds columns
// 8 (l % 4) .. + 7, the first four for the first mma. Mean keys stand in shared memory row after row, 16-byte piece c
// of row r at c ^ 4 (r % 2), so that the 8 lanes served together (two rows, four pieces) fall into different banks.
template <int kHeadDim>
MOBASIM_DEVICE simt::SharedAddress mean_key_address(simt::SharedAddress tile, int row, int piece) {
  return tile + static_cast<simt::SharedAddress>(row * kHeadDim * 2 + (piece ^ (row % 2 * 4)) * 16);
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

// Asks for mean keys kGateColumns * tile .. of the sequence; zeros beyond its blocks.
template <class E, int kHeadDim>
MOBASIM_DEVICE void copy_mean_keys(const GateWarp<E, kHeadDim>& warp, int tile) {
  constexpr int kPieces = kHeadDim / 8;
  const simt::SharedAddress to = warp.tiles + static_cast<simt::SharedAddress>(tile % 2 * kMeanKeyBytes<kHeadDim>);
  const int piece = simt::thread_index() % kPieces;
#pragma unroll
  for (int row = 0; row < kGateColumns; row += kGateThreads / kPieces) {
    const int r = row + simt::thread_index() / kPieces;
    const int block = tile * kGateColumns + r;
    const bool valid = block < warp.last_own;
    simt::cp_async_16(mean_key_address<kHeadDim>(to, r, piece), warp.mean_key, block, piece * 8, valid);
  }
}

// Where rows' scores stand in the warp's [32 rows][16 scores]: the four 16-byte pieces of a row permuted so that
// neither the pairs of fragments nor whole rows conflict.
MOBASIM_DEVICE simt::SharedAddress score_address(simt::SharedAddress scores, int row, int piece) {
  const int permuted = piece ^ (row / 2 % 2 * 2 + row / 4 % 2);
  return scores + static_cast<simt::SharedAddress>(row * kScoreGroup * 4 + permuted * 16);
}

// The scores of row `lane` with the 16 mean keys from `column` of the tile on.
template <class E, int kHeadDim>
MOBASIM_DEVICE void score_group(float (&score)[kScoreGroup], const GateWarp<E, kHeadDim>& warp,
                                simt::SharedAddress tile, int column) {
  const int lane = simt::lane_index();
  // Pieces 4 i + lane % 4 of row lane / 4 of the 16 (mean_key_address): an odd i flips the 64 that an odd row does.
  const simt::SharedAddress even =
      mean_key_address<kHeadDim>(tile, lane / 4, lane % 4) + static_cast<simt::SharedAddress>(column * kHeadDim * 2);
  const simt::SharedAddress odd = even ^ 64;
  float product[2][2][4] = {};
#pragma unroll
  for (int i = 0; i < kHeadDim / 32; ++i) {
#pragma unroll
    for (int n = 0; n < 2; ++n) {
      const simt::SharedAddress piece = i % 2 == 0 ? even : odd;
      const auto b =
          simt::load_shared<simt::Word4>(piece + static_cast<simt::SharedAddress>(i / 2 * 128 + n * 8 * kHeadDim * 2));
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
        const simt::SharedAddress piece =
            score_address(warp.scores, 16 * m + 8 * half + lane / 4, 2 * n + lane % 4 / 2);
        const simt::Word2 pair = {simt::bits_of(product[m][n][2 * half]), simt::bits_of(product[m][n][2 * half + 1])};
        simt::store_shared(piece + static_cast<simt::SharedAddress>(lane % 2 * 8), pair);
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
  const int tiles = (warp.last_own + kGateColumns - 1) / kGateColumns;
  if (tiles > 0) copy_mean_keys(warp, 0);
  simt::cp_async_commit();
  for (int tile = 0; tile < tiles; ++tile) {
    if (tile + 1 < tiles) copy_mean_keys(warp, tile + 1);
    simt::cp_async_commit();
    simt::cp_async_wait<1>();
    simt::sync_block();
    const simt::SharedAddress at = warp.tiles + static_cast<simt::SharedAddress>(tile % 2 * kMeanKeyBytes<kHeadDim>);
    const int left = warp.own - tile * kGateColumns;
    const int end = !looks ? 0 : left < kGateColumns ? left : kGateColumns;
    for (int column = 0; column < end; column += kScoreGroup) {
      float score[kScoreGroup];
      score_group(score, warp, at, column);
      group(tile * kGateColumns + column, score);
    }
    simt::sync_block();  // the tile has been read: the next one, or the next walk, may write over it
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
