// The products of the backward kernels, and what happens between them: all of a warp's work on its 16 kMma keys.
#pragma once

#include "kernels/cuda/constants.h"
#include "kernels/cuda/tile.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {

// products[m][n] += 16 keys of the warp times 8 rows of part `part`, summed over head_dim: S^T of K and Q, dP^T of V
// and dO. keys, rows: this thread's addresses in the two tiles.
// `beyond` bytes are added to both when all else is done, so that two tiles can share the arithmetic of addresses.
template <class Element, int kHeadDim, int kMma, int kTiles>
MOBASIM_DEVICE void add_scores(float (&products)[kMma][kTiles][4], simt::SharedAddress keys, simt::SharedAddress rows,
                               unsigned beyond) {
#pragma unroll
  for (int column = 0; column < kHeadDim; column += 16) {
    std::uint32_t a[kMma][4];
#pragma unroll
    for (int m = 0; m < kMma; ++m) simt::ldmatrix(a[m], stepped<kHeadDim>(keys, 16 * m, column) + beyond);
#pragma unroll
    for (int n = 0; n < kTiles; n += 2) {
      std::uint32_t b[4];
      simt::ldmatrix(b, stepped<kHeadDim>(rows, 8 * n, column) + beyond);
#pragma unroll
      for (int m = 0; m < kMma; ++m) {
        simt::mma<Element>(products[m][n], a[m], b[0], b[1]);
        simt::mma<Element>(products[m][n + 1], a[m], b[2], b[3]);
      }
    }
  }
}

// sums [16 kMma keys, 8 kTiles columns] += weights [keys, 16 kSteps rows] times rows of a tile: dV of P^T and dO, dK of
// dS^T and Q. rows: this thread's address (down_lane) in the tile, at the columns. beyond: as for add_scores.
template <class Element, int kHeadDim, int kMma, int kTiles, int kSteps>
MOBASIM_DEVICE void add_weighted(float (&sums)[kMma][kTiles][4], const std::uint32_t (&weights)[kMma][kSteps][4],
                                 simt::SharedAddress rows, unsigned beyond) {
#pragma unroll
  for (int step = 0; step < kSteps; ++step) {
#pragma unroll
    for (int n = 0; n < kTiles; n += 2) {
      std::uint32_t b[4];
      simt::ldmatrix_transposed(b, stepped<kHeadDim>(rows, 16 * step, 8 * n) + beyond);
#pragma unroll
      for (int m = 0; m < kMma; ++m) {
        simt::mma<Element>(sums[m][n], weights[m][step], b[0], b[1]);
        simt::mma<Element>(sums[m][n + 1], weights[m][step], b[2], b[3]);
      }
    }
  }
}

// The weights of 16 kMma keys and 16 kSteps rows that another warp left in a tile [keys, kWidth rows]. keys: this
// thread's address (down_lane).
template <int kWidth, int kMma, int kSteps>
MOBASIM_DEVICE void load_weights(std::uint32_t (&weights)[kMma][kSteps][4], simt::SharedAddress keys, unsigned beyond) {
#pragma unroll
  for (int step = 0; step < kSteps; ++step) {
#pragma unroll
    for (int m = 0; m < kMma; ++m) simt::ldmatrix(weights[m][step], stepped<kWidth>(keys, 16 * m, 16 * step) + beyond);
  }
}

// Puts weights into a tile [keys, kWidth rows]. keys: this thread's address (product_lane).
template <int kWidth, int kMma, int kSteps>
MOBASIM_DEVICE void store_weights(const std::uint32_t (&weights)[kMma][kSteps][4], simt::SharedAddress keys,
                                  unsigned beyond) {
#pragma unroll
  for (int m = 0; m < kMma; ++m) {
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        simt::store_shared(stepped<kWidth>(keys, 16 * m + i % 2 * 8, 16 * step + i / 2 * 8) + beyond,
                           weights[m][step][i]);
      }
    }
  }
}

// P = exp2(scale log2(e) S - lse) and dS = P (dP - delta), packed as first operands of mma.
template <class Element, int kMma, int kTiles>
MOBASIM_DEVICE void make_weights(const float (&scores)[kMma][kTiles][4], const float (&d_p)[kMma][kTiles][4],
                                 simt::SharedAddress terms, float scale_log2, std::uint32_t (&p)[kMma][kTiles / 2][4],
                                 std::uint32_t (&d_s)[kMma][kTiles / 2][4]) {
  terms += static_cast<simt::SharedAddress>(simt::lane_index() % 4 * 16);
#pragma unroll
  for (int n = 0; n < kTiles; ++n) {
    const auto rows = simt::load_shared<simt::Word4>(terms + static_cast<simt::SharedAddress>(64 * n));
    const float lse[2] = {simt::float_of(rows.x), simt::float_of(rows.z)};
    const float delta[2] = {simt::float_of(rows.y), simt::float_of(rows.w)};
#pragma unroll
    for (int m = 0; m < kMma; ++m) {
      float weight[4], gradient[4];
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        weight[e] = simt::fast_exp2(simt::fused(scores[m][n][e], scale_log2, -lse[e % 2]));
        gradient[e] = weight[e] * (d_p[m][n][e] - (simt::planted(simt::Bug::delta_forgotten) ? 0.0f : delta[e % 2]));
      }
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        p[m][n / 2][n % 2 * 2 + half] = simt::pack<Element>(weight[2 * half], weight[2 * half + 1]);
        d_s[m][n / 2][n % 2 * 2 + half] = simt::pack<Element>(gradient[2 * half], gradient[2 * half + 1]);
      }
    }
  }
}

// Weights of keys that come after the row become 0, whatever they were. row_ahead: the first row less the first key.
template <int kMma, int kSteps>
MOBASIM_DEVICE void mask_weights(std::uint32_t (&p)[kMma][kSteps][4], std::uint32_t (&d_s)[kMma][kSteps][4],
                                 int row_ahead) {
  const int ahead = row_ahead + simt::lane_index() % 4 * 2 - simt::lane_index() / 4 +
                    (simt::planted(simt::Bug::backward_mask_off_by_one) ? 1 : 0);
#pragma unroll
  for (int m = 0; m < kMma; ++m) {
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int row = 16 * step + i / 2 * 8, key = 16 * m + i % 2 * 8;
        const std::uint32_t kept = (ahead + row >= key ? 0xffffu : 0) | (ahead + row + 1 >= key ? 0xffff0000u : 0);
        p[m][step][i] &= kept;
        d_s[m][step][i] &= kept;
      }
    }
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
