// The softmax of one warp's 32 rows, tile of keys by tile of keys: Milakov and Gimelshein 2018 (arXiv 1805.02867), with
// powers of 2 as in FlashAttention-2 (Dao 2023, arXiv 2307.08691). With s the unscaled scores and
// f = head_dim^-0.5 log2(e), row r has been summed up as
//   o[r] = sum_k 2^(f (s[r,k] - maximum[r])) v[k]      sum[r] = sum_k 2^(f (s[r,k] - maximum[r]))
// Arrays lie over the lanes as in attend.h; maximum[i][h] is for row 16 i + 8 h + lane / 4.
#pragma once

#include "kernels/cuda/constants.h"
#include "kernels/simt/simt.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {

// f, above.
template <int kHeadDim>
MOBASIM_DEVICE constexpr float softmax_factor() {
  static_assert(kHeadDim == 64 || kHeadDim == 128);
  return kLog2E * (kHeadDim == 64 ? 0.125f : 0.08838834764831845f);
}

struct Softmax {
  float maximum[2][2];
  float sum[2][2];  // of this lane's columns alone, until finish()
};

// No keys yet. o must be 0.
MOBASIM_DEVICE Softmax no_keys() {
  const float none = -simt::infinity();
  return {{{none, none}, {none, none}}, {{0, 0}, {0, 0}}};
}

// The greatest and the sum over the four lanes that share a row.
MOBASIM_DEVICE float greatest_of_row(float value) {
  value = simt::greater(value, simt::shuffle_xor(value, 1));
  return simt::greater(value, simt::shuffle_xor(value, 2));
}
MOBASIM_DEVICE float sum_of_row(float value) {
  value += simt::shuffle_xor(value, 1);
  return value + simt::shuffle_xor(value, 2);
}

// Before the scores s [32, 8 kColumns] of a tile are taken in: raises the maxima to theirs and rescales o [32, 8 kOut]
// and the sums, but only once some row of the warp has grown by more than 2^kSlack: the rows' weights may exceed 1 in
// the meantime, which floating point does not mind, and o is seldom touched. A row must have met a score above
// -infinity by the end of its first tile. NaN scores are passed over here; they come through in weigh().
template <int kColumns, int kOut>
MOBASIM_DEVICE void raise_maximum(Softmax& softmax, const float (&s)[2][kColumns][4], float (&o)[2][kOut][4],
                                  float factor, bool first) {
  constexpr float kSlack = 8;
  float now[2][2];
  bool grown = false;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      float greatest = simt::greater(s[i][0][2 * h], s[i][0][2 * h + 1]);
#pragma unroll
      for (int n = 1; n < kColumns; ++n) {
        greatest = simt::greater(greatest, simt::greater(s[i][n][2 * h], s[i][n][2 * h + 1]));
      }
      now[i][h] = greatest_of_row(greatest);
      grown = grown || now[i][h] > softmax.maximum[i][h] + kSlack / factor;
    }
  }
  if (simt::ballot(grown) == 0) return;
  float shrink[2][2];
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const float next = simt::greater(now[i][h], softmax.maximum[i][h]);
      shrink[i][h] = simt::fast_exp2((softmax.maximum[i][h] - next) * factor);
      softmax.maximum[i][h] = next;
    }
  }
  if (first || simt::planted(simt::Bug::output_not_rescaled)) return;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      if (!simt::planted(simt::Bug::sum_not_rescaled)) softmax.sum[i][h] *= shrink[i][h];
#pragma unroll
      for (int n = 0; n < kOut; ++n) {
        o[i][n][2 * h] *= shrink[i][h];
        o[i][n][2 * h + 1] *= shrink[i][h];
      }
    }
  }
}

// The weights 2^(f (s - maximum)) of 16 columns of scores, 16 j and on, added to the sums: operands a of mma for the
// rows 0-15 and 16-31.
template <class Element, int kColumns>
MOBASIM_DEVICE void weigh(std::uint32_t (&weights)[2][4], Softmax& softmax, const float (&s)[2][kColumns][4], int j,
                          float factor) {
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      const int h = e % 2;
      const float(&from)[4] = s[i][2 * j + e / 2];
      const float offset = -softmax.maximum[i][h] * factor;
      const float low = simt::fast_exp2(simt::fused(from[2 * h], factor, offset));
      const float high = simt::fast_exp2(simt::fused(from[2 * h + 1], factor, offset));
      softmax.sum[i][h] += low + high;
      weights[i][e] = simt::pack<Element>(low, high);
    }
  }
}

// All keys taken in: the sums become those of whole rows, the maxima become f maximum, logarithms to base 2.
MOBASIM_DEVICE void finish(Softmax& softmax, float factor) {
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      softmax.maximum[i][h] *= factor;
      if (!simt::planted(simt::Bug::sum_of_one_lane)) softmax.sum[i][h] = sum_of_row(softmax.sum[i][h]);
    }
  }
}

// After finish(): the natural logarithm of a row's sum of exponentials of the scaled scores.
MOBASIM_DEVICE float log_sum(float maximum, float sum) { return kLn2 * (maximum + simt::fast_log2(sum)); }

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
