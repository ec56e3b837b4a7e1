// Partial results: what the routed kernel writes for a pick (query, block), and the merge of a row's partials with what
// its own block gave. A partial is a softmax over the keys of one block alone, normalised, with the natural logarithm
// of its sum of exponentials. Of several parts with logarithms L_s, the whole is
//   o = sum_s e^(L_s - L) o_s,   L = log sum_s e^L_s
// (Dao 2023, arXiv 2307.08691, section 3; MoBA, arXiv 2502.13189, algorithm 1).
//
// Partials are private to these two kernels, so that their columns stand as a warp's lanes hold them: lane c of the
// four that share a row owns columns 8 n + 2 c and + 1, and its numbers of n = 4 t .. 4 t + 3 are the 16 bytes at
// element 32 t + 8 c. Written and read from registers, every sector full.
#pragma once

#include "kernels/cuda/softmax.h"
#include "kernels/simt/simt.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {

// Writes o[.][2 h], o[.][2 h + 1] times `factor` of one row; out row `row` of the view.
template <class Element, int kOut>
MOBASIM_DEVICE void write_partial(const simt::Rows<Element>& out, int row, const float (&o)[kOut][4], int h,
                                  float factor) {
  const int column = simt::lane_index() % 4 * 8;
#pragma unroll
  for (int n = 0; n < kOut; n += 4) {
    std::uint32_t w[4];
#pragma unroll
    for (int e = 0; e < 4; ++e) w[e] = simt::pack<Element>(o[n + e][2 * h] * factor, o[n + e][2 * h + 1] * factor);
    simt::store(out, row, n * 8 + column, simt::Word4{w[0], w[1], w[2], w[3]});
  }
}

// o[.][2 h], o[.][2 h + 1] += weight * the partial of row `row` of the view.
template <class Element, int kOut>
MOBASIM_DEVICE void add_partial(float (&o)[kOut][4], int h, const simt::Rows<const Element>& from, int row,
                                float weight) {
  const int column = simt::lane_index() % 4 * 8;
#pragma unroll
  for (int n = 0; n < kOut; n += 4) {
    const simt::Word4 word = simt::load_as<simt::Word4>(from, row, n * 8 + column);
    const std::uint32_t w[4] = {word.x, word.y, word.z, word.w};
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      float low, high;
      simt::unpack<Element>(w[e], low, high);
      o[n + e][2 * h] = simt::fused(weight, low, o[n + e][2 * h]);
      o[n + e][2 * h + 1] = simt::fused(weight, high, o[n + e][2 * h + 1]);
    }
  }
}

// The partials of one head.
template <class Element>
struct Partials {
  simt::Rows<const Element> o;  // [chunk tokens * slots, head_dim]
  simt::Rows<const float> lse;  // [chunk tokens, slots]
  simt::Rows<const int> picks;  // [tokens, slots]
  int chunk_begin, slots;
};

// Merges into (o, softmax), after finish(), the partials of the warp's rows first .. first + 31, those below end.
template <class Element, int kOut>
MOBASIM_DEVICE void merge(Softmax& softmax, float (&o)[2][kOut][4], const Partials<Element>& partials, int first,
                          int end) {
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int token = first + 16 * i + 8 * h + simt::lane_index() / 4;
      if (token >= end) continue;
      const int row = token - partials.chunk_begin;
      float top = softmax.maximum[i][h];
      int used = 0;
      while (used < partials.slots && simt::load(partials.picks, token, used) >= 0) {
        top = simt::greater(top, kLog2E * simt::load(partials.lse, row, used));
        ++used;
      }
      const float shrink = simt::fast_exp2(softmax.maximum[i][h] - top);
      float sum = softmax.sum[i][h] * shrink;
#pragma unroll
      for (int n = 0; n < kOut; ++n) {
        o[i][n][2 * h] *= shrink;
        o[i][n][2 * h + 1] *= shrink;
      }
      for (int slot = 0; slot < used; ++slot) {
        const float weight = simt::fast_exp2(simt::fused(kLog2E, simt::load(partials.lse, row, slot), -top));
        sum += weight;
        add_partial(o[i], h, partials.o, row * partials.slots + slot, weight);
      }
      softmax.maximum[i][h] = top;
      softmax.sum[i][h] = sum;
    }
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
