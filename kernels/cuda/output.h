// The end of a forward kernel: a warp's 32 rows of o and lse, from registers to global memory.
#pragma once

#include "kernels/cuda/attend.h"
#include "kernels/cuda/softmax.h"
#include "kernels/cuda/tile.h"
#include "kernels/simt/simt.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {

// Writes o / sum and the log-sum-exp of the rows first .. first + 31 of the views that are below `rows`; softmax after
// finish(). The rows pass through the same rows of `tile` [.., kHeadDim], which only this warp may use by now: in
// registers a lane holds 4 bytes here and there, in memory a sector is 32 bytes.
template <class Element, int kHeadDim>
MOBASIM_DEVICE void write_rows(const simt::Rows<Element>& out, const simt::Rows<float>& lse,
                               const float (&o)[2][kHeadDim / 8][4], const Softmax& softmax, simt::SharedAddress tile,
                               int first, int rows) {
  constexpr int kPieces = kHeadDim / 8;
  const int lane = simt::lane_index();
  const simt::SharedAddress to = product_lane<kHeadDim>(tile, first);
  simt::sync_warp();
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int row = first + 16 * i + 8 * h + lane / 4;
      const float factor = simt::fast_reciprocal(softmax.sum[i][h]);
#pragma unroll
      for (int n = 0; n < kPieces; ++n) {
        simt::store_shared(stepped<kHeadDim>(to, 16 * i + 8 * h, 8 * n),
                           simt::pack<Element>(o[i][n][2 * h] * factor, o[i][n][2 * h + 1] * factor));
      }
      if (lane % 4 == 0 && row < rows) {
        simt::store(lse, row, 0, log_sum(softmax.maximum[i][h], softmax.sum[i][h]));
      }
    }
  }
  simt::sync_warp();
#pragma unroll
  for (int r = 0; r < kWarpRows; r += simt::kWarp / kPieces) {
    const int row = first + r + lane / kPieces;
    const int piece = lane % kPieces;
    if (row < rows) {
      simt::store(out, row, piece * 8, simt::load_shared<simt::Word4>(piece_address<kHeadDim>(tile, row, piece)));
    }
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
