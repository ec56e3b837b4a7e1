// The end of a forward kernel: a warp's 32 rows of o and lse, from registers to global memory.
#pragma once

#include "kernels/cuda/softmax.h"
#include "kernels/simt/simt.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {

// Of the four lanes that share a row, lane c holds piece c of each of four parts; afterwards it holds part c whole.
MOBASIM_DEVICE void transpose_over_row(std::uint32_t (&pieces)[4]) {
  const bool odd = simt::lane_index() % 2 == 1, upper = simt::lane_index() / 2 % 2 == 1;
#pragma unroll
  for (int m = 0; m < 4; m += 2) {
    const std::uint32_t got = simt::shuffle_xor(odd ? pieces[m] : pieces[m + 1], 1);
    (odd ? pieces[m] : pieces[m + 1]) = got;
  }
#pragma unroll
  for (int m = 0; m < 2; ++m) {
    const std::uint32_t got = simt::shuffle_xor(upper ? pieces[m] : pieces[m + 2], 2);
    (upper ? pieces[m] : pieces[m + 2]) = got;
  }
}

// Writes o / sum and the log-sum-exp of the rows first .. first + 31 of the views that are below `rows`; softmax after
// finish(). A lane's numbers are 4 bytes here and there: lanes exchange them, for sectors of memory are 32 bytes.
template <class Element, int kOut>
MOBASIM_DEVICE void write_rows(const simt::Rows<Element>& out, const simt::Rows<float>& lse,
                               const float (&o)[2][kOut][4], const Softmax& softmax, int first, int rows) {
  const int lane = simt::lane_index();
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int row = first + 16 * i + 8 * h + lane / 4;
      const float factor = simt::fast_reciprocal(softmax.sum[i][h]);
#pragma unroll
      for (int n = 0; n < kOut; n += 4) {
        std::uint32_t w[4];
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          w[e] = simt::pack<Element>(o[i][n + e][2 * h] * factor, o[i][n + e][2 * h + 1] * factor);
        }
        transpose_over_row(w);
        if (row < rows) simt::store(out, row, 8 * n + lane % 4 * 8, simt::Word4{w[0], w[1], w[2], w[3]});
      }
      if (lane % 4 == 0 && row < rows) {
        simt::store(lse, row, 0, log_sum(softmax.maximum[i][h], softmax.sum[i][h]));
      }
    }
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
