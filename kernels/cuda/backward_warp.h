// A warp's work on a key tile and a step's rows in the backward kernel, and how the warps of a block divide it.
#pragma once

#include "kernels/cuda/backward_products.h"
#include "kernels/cuda/row_steps.h"
#include "kernels/cuda/tile.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {

// Of 128 keys and, at a time, 64 rows, a warp makes S^T = K Q^T and dP^T = V dO^T of 32 keys and 32 rows (head_dim 64:
// twice, of all rows). That leaves P^T and dS^T in registers as the first operands of dV += P^T dO and dK += dS^T Q
// want them. Of the dK and dV of its keys it keeps 64 columns; what it needs of the other rows' P^T and dS^T (head_dim
// 128) another warp makes and leaves in shared memory. There dS is found by dQ^T = K^T dS^T, too, of which each warp
// makes 32 columns of 32 rows.
template <int kHeadDim>
struct Plan {
  static constexpr int kKeys = kKeyTileKeys, kRows = kStepRows;
  static constexpr int kWarpKeys = 32, kWarpRows = 32, kWarpColumns = 64;
  static constexpr int kMma = kWarpKeys / 16;
  static constexpr int kKeyWarps = kKeys / kWarpKeys;
  static constexpr int kThreads = kKeyWarps * (kHeadDim / kWarpColumns) * simt::kWarp;
  static constexpr bool kShares = kHeadDim > kWarpColumns;  // two warps have the same keys
  static constexpr int kBlocks = kShares ? 1 : 2;           // on a multiprocessor
  // Bytes in shared memory.
  static constexpr unsigned kWeights = tile_bytes<kRows>(kKeys);
  static constexpr unsigned kRowTile = tile_bytes<kHeadDim>(kRows);
  static constexpr unsigned kK = 0;
  static constexpr unsigned kV = kK + tile_bytes<kHeadDim>(kKeys);
  static constexpr unsigned kQ = kV + tile_bytes<kHeadDim>(kKeys);  // two
  static constexpr unsigned kDO = kQ + 2 * kRowTile;                // two
  static constexpr unsigned kDS = kDO + 2 * kRowTile;               // [keys, rows]
  static constexpr unsigned kP = kDS + kWeights;                    // [keys, rows], if shared
  static constexpr unsigned kTerms = kP + (kShares ? kWeights : 0);
  static constexpr unsigned kTokens = kTerms + kRows * 8;  // two
  static constexpr unsigned kBeyond = kV - kK;             // from K to V and from Q to dO
  static_assert(kBeyond == kDO - kQ);
  static constexpr unsigned kBytes = kTokens + 2 * kRows * 4;
};

// What a thread knows all along.
template <int kHeadDim>
struct Place {
  simt::SharedAddress shared;
  int kv_head;
  int key, column;  // the warp's first key, from the tile's beginning, and first column of dK and dV
  int row;          // the first row of a step that it makes S of
};

// The sums over all rows, as mma leaves them: [16 keys, 8 columns] each.
template <int kHeadDim>
struct KeyGradients {
  static constexpr int kTiles = Plan<kHeadDim>::kWarpColumns / 8;
  float dk[Plan<kHeadDim>::kMma][kTiles][4], dv[Plan<kHeadDim>::kMma][kTiles][4];
};

// P^T and dS^T of the warp's keys and kWarpRows rows.
template <int kHeadDim>
struct Weights {
  std::uint32_t p[Plan<kHeadDim>::kMma][Plan<kHeadDim>::kWarpRows / 16][4];
  std::uint32_t d_s[Plan<kHeadDim>::kMma][Plan<kHeadDim>::kWarpRows / 16][4];
};

// q here and below: the step's tile of q in shared memory.
//
// Adds the part of rows row .. row + 31 to dK and dV.
template <class Element, int kHeadDim>
MOBASIM_DEVICE void add_rows(KeyGradients<kHeadDim>& sums, const Weights<kHeadDim>& weights, const Place<kHeadDim>& at,
                             simt::SharedAddress q, int row) {
  const simt::SharedAddress corner = stepped<kHeadDim>(down_lane<kHeadDim>(q, row), 0, at.column);
  add_weighted<Element, kHeadDim>(sums.dv, weights.p, corner, Plan<kHeadDim>::kBeyond);
  add_weighted<Element, kHeadDim>(sums.dk, weights.d_s, corner, 0);
}

// Makes the weights of the warp's own rows, adds them to dK and dV and leaves them in shared memory. row_ahead: the
// step's first row less the tile's first key where the rows see the tile causally, else kKeys.
template <class Element, int kHeadDim>
MOBASIM_DEVICE void add_own_rows(KeyGradients<kHeadDim>& sums, const Place<kHeadDim>& at, simt::SharedAddress q,
                                 int row_ahead, float scale_log2) {
  using P = Plan<kHeadDim>;
  constexpr int kTiles = P::kWarpRows / 8;
#pragma unroll
  for (int part = 0; part < (P::kShares ? P::kWarpRows : P::kRows); part += P::kWarpRows) {
    const int row = at.row + part;
    float scores[P::kMma][kTiles][4] = {}, d_p[P::kMma][kTiles][4] = {};
    const simt::SharedAddress keys = down_lane<kHeadDim>(at.shared + P::kK, at.key);
    const simt::SharedAddress rows = across_lane<kHeadDim>(q, row);
    add_scores<Element, kHeadDim>(scores, keys, rows, 0);
    add_scores<Element, kHeadDim>(d_p, keys, rows, P::kBeyond);
    Weights<kHeadDim> weights;
    make_weights<Element>(scores, d_p, at.shared + P::kTerms + static_cast<simt::SharedAddress>(row * 8), scale_log2,
                          weights.p, weights.d_s);
    if (row_ahead < P::kKeys) mask_weights(weights.p, weights.d_s, row_ahead + row - at.key);
    const simt::SharedAddress corner = stepped<P::kRows>(product_lane<P::kRows>(at.shared + P::kDS, at.key), 0, row);
    store_weights<P::kRows>(weights.d_s, corner, 0);
    if constexpr (P::kShares) store_weights<P::kRows>(weights.p, corner, P::kP - P::kDS);
    add_rows<Element>(sums, weights, at, q, row);
  }
}

// After a barrier: adds the rows that another warp made the weights of.
template <class Element, int kHeadDim>
MOBASIM_DEVICE void add_other_rows(KeyGradients<kHeadDim>& sums, const Place<kHeadDim>& at, simt::SharedAddress q) {
  using P = Plan<kHeadDim>;
  const int row = at.row ^ P::kWarpRows;
  const simt::SharedAddress corner = stepped<P::kRows>(down_lane<P::kRows>(at.shared + P::kDS, at.key), 0, row);
  Weights<kHeadDim> weights;
  load_weights<P::kRows>(weights.p, corner, P::kP - P::kDS);
  load_weights<P::kRows>(weights.d_s, corner, 0);
  add_rows<Element>(sums, weights, at, q, row);
}

// The tokens of this thread's part of dQ^T (add_dq): rows 8 n + 2 (lane % 4) and + 1 of the warp's 32.
template <int kHeadDim>
MOBASIM_DEVICE void read_tokens(int (&out)[4][2], simt::SharedAddress tokens) {
  const int row = simt::warp_index() / (kHeadDim / 32) * 32 + simt::lane_index() % 4 * 2;
#pragma unroll
  for (int n = 0; n < 4; ++n) {
    const auto pair = simt::load_shared<simt::Word2>(tokens + static_cast<simt::SharedAddress>(4 * (row + 8 * n)));
    out[n][0] = static_cast<int>(pair.x);
    out[n][1] = static_cast<int>(pair.y);
  }
}

// dQ^T of 32 rows and 32 columns over `keys` (64 or all) of the tile, added to the sums in global memory. That way
// round, the 32 lanes add to whole sectors of 4 rows.
template <class Element, int kHeadDim>
MOBASIM_DEVICE void add_dq(const BackwardKeysParameters& p, simt::SharedAddress shared, int head, int keys,
                           const int (&tokens)[4][2]) {
  using P = Plan<kHeadDim>;
  const int column = simt::warp_index() % (kHeadDim / 32) * 32, row = simt::warp_index() / (kHeadDim / 32) * 32;
  const simt::SharedAddress k = stepped<kHeadDim>(across_lane<kHeadDim>(shared + P::kK, 0), 0, column);
  const simt::SharedAddress d_s = stepped<P::kRows>(down_lane<P::kRows>(shared + P::kDS, 0), 0, row);
  float sums[2][4][4] = {};
#pragma unroll
  for (int half = 0; half < P::kKeys; half += 64) {
    if (half >= keys) break;
#pragma unroll
    for (int key = half; key < half + 64; key += 16) {
      std::uint32_t a[2][4];
#pragma unroll
      for (int m = 0; m < 2; ++m) simt::ldmatrix_transposed(a[m], stepped<kHeadDim>(k, key, 16 * m));
#pragma unroll
      for (int n = 0; n < 4; n += 2) {
        std::uint32_t b[4];
        simt::ldmatrix_transposed(b, stepped<P::kRows>(d_s, key, 8 * n));
#pragma unroll
        for (int m = 0; m < 2; ++m) {
          simt::mma<Element>(sums[m][n], a[m], b[0], b[1]);
          simt::mma<Element>(sums[m][n + 1], a[m], b[2], b[3]);
        }
      }
    }
  }
  const int first = column + simt::lane_index() / 4;
  const auto dq =
      simt::rows_of(p.dq_sum + head * kHeadDim + first, "dq_sum", p.tokens, kHeadDim - first, p.heads * kHeadDim);
#pragma unroll
  for (int n = 0; n < 4; ++n) {
#pragma unroll
    for (int e = 0; e < 4; ++e) {
#pragma unroll
      for (int m = 0; m < 2; ++m) simt::atomic_add(dq, tokens[n][e % 2], 16 * m + e / 2 * 8, sums[m][n][e]);
    }
  }
}

// Rounds the warp's sums and writes them, by way of `staging` (where the keys stood) so that whole sectors go out.
template <class Element, int kHeadDim, int kMma, int kTiles>
MOBASIM_DEVICE void store_keys(const float (&sums)[kMma][kTiles][4], float factor, simt::SharedAddress staging,
                               const Place<kHeadDim>& at, const KeyTile& tile, Element* to, const char* name,
                               int kv_heads) {
  const simt::SharedAddress corner = stepped<kHeadDim>(product_lane<kHeadDim>(staging, at.key), 0, at.column);
#pragma unroll
  for (int m = 0; m < kMma; ++m) {
#pragma unroll
    for (int n = 0; n < kTiles; ++n) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        simt::store_shared(stepped<kHeadDim>(corner, 16 * m + 8 * half, 8 * n),
                           simt::pack<Element>(sums[m][n][2 * half] * factor, sums[m][n][2 * half + 1] * factor));
      }
    }
  }
  simt::sync_warp();
  const int keys = tile.key_end - tile.key_begin, column = at.column + simt::lane_index() % kTiles * 8;
  const std::int64_t first = static_cast<std::int64_t>(tile.key_begin) * kv_heads + at.kv_head;
  const auto rows = simt::rows_of(to + first * kHeadDim, name, keys, kHeadDim, kv_heads * kHeadDim);
#pragma unroll
  for (int i = 0; i < 16 * kMma; i += simt::kWarp / kTiles) {
    const int key = at.key + i + simt::lane_index() / kTiles;
    if (key >= keys) continue;
    simt::store(rows, key, column, simt::load_shared<simt::Word4>(piece_address<kHeadDim>(staging, key, column / 8)));
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
