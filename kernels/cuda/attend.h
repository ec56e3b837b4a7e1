// The two matrix products of attention for one warp's 32 rows and a tile of kKeys keys, and what holds their results.
//
// A warp's numbers lie over its lanes as mma has them: for an array x[2][columns / 8][4] and g = lane / 4,
// c = lane % 4, x[i][n][e] is row 16 i + g + 8 (e / 2), column 8 n + 2 c + e % 2.
#pragma once

#include "kernels/cuda/key_head.h"
#include "kernels/cuda/softmax.h"
#include "kernels/cuda/tile.h"
#include "kernels/simt/simt.h"

namespace mobasim::kernels::cuda {

constexpr int kWarpRows = 32;  // rows that a warp works on: two mma high

inline namespace MOBASIM_TARGET {

// s [32, kKeys] = q k^T: q_lane = down_lane of the warp's rows of the tile q [rows, kHeadDim], k_lane = across_lane of
// the tile k [kKeys, kHeadDim]. Only the first `groups` 16-key columns are computed; the others are left as they were.
template <class Element, int kHeadDim, int kKeys>
MOBASIM_DEVICE void scores(float (&s)[2][kKeys / 8][4], simt::SharedAddress q_lane, simt::SharedAddress k_lane,
                           int groups = kKeys / 16) {
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int n = 0; n < kKeys / 8; ++n) s[i][n][0] = s[i][n][1] = s[i][n][2] = s[i][n][3] = 0;
  }
#pragma unroll
  for (int column = 0; column < kHeadDim; column += 16) {
    std::uint32_t q[2][4];
    simt::ldmatrix(q[0], stepped<kHeadDim>(q_lane, 0, column));
    simt::ldmatrix(q[1], stepped<kHeadDim>(q_lane, 16, column));
#pragma unroll
    for (int j = 0; j < kKeys / 16; ++j) {
      if (j >= groups) break;
      std::uint32_t k[4];
      simt::ldmatrix(k, stepped<kHeadDim>(k_lane, 16 * j, column));
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        simt::mma<Element>(s[i][2 * j], q[i], k[0], k[1]);
        simt::mma<Element>(s[i][2 * j + 1], q[i], k[2], k[3]);
      }
    }
  }
}

// o [32, kHeadDim] += p v, where p are the weights of the scores s [32, kKeys] (softmax.h, weigh); v_lane = down_lane
// of the tile v [kKeys, kHeadDim]. Only the first `groups` 16-key columns of s are used.
template <class Element, int kHeadDim, int kKeys>
MOBASIM_DEVICE void add_values(float (&o)[2][kHeadDim / 8][4], Softmax& softmax, const float (&s)[2][kKeys / 8][4],
                               simt::SharedAddress v_lane, float factor, int groups = kKeys / 16) {
  if (simt::planted(simt::Bug::swizzle_forgotten)) v_lane ^= static_cast<unsigned>(simt::lane_index() % 8 * 16);
#pragma unroll
  for (int j = 0; j < kKeys / 16; ++j) {
    if (j >= groups) break;
    std::uint32_t p[2][4];
    weigh<Element>(p, softmax, s, j, factor);
#pragma unroll
    for (int column = 0; column < kHeadDim; column += 16) {
      std::uint32_t v[4];
      simt::ldmatrix_transposed(v, stepped<kHeadDim>(v_lane, 16 * j, column));
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        simt::mma<Element>(o[i][column / 8], p[i], v[0], v[1]);
        simt::mma<Element>(o[i][column / 8 + 1], p[i], v[2], v[3]);
      }
    }
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
