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

// This lane's numbers of a partial.
template <int kOut>
struct PartialWords {
  std::uint32_t words[kOut];
};
template <int kOut, class Element>
MOBASIM_DEVICE void read_partial(PartialWords<kOut>& to, const simt::Rows<const Element>& from, int row) {
#pragma unroll
  for (int n = 0; n < kOut; n += 4) {
    const simt::Word4 four = simt::load_as<simt::Word4>(from, row, n * 8 + simt::lane_index() % 4 * 8);
    to.words[n] = four.x;
    to.words[n + 1] = four.y;
    to.words[n + 2] = four.z;
    to.words[n + 3] = four.w;
  }
}

// o[.][2 h], o[.][2 h + 1] += weight * the partial.
template <class Element, int kOut>
MOBASIM_DEVICE void add_partial(float (&o)[kOut][4], int h, const PartialWords<kOut>& partial, float weight) {
#pragma unroll
  for (int n = 0; n < kOut; ++n) {
    float low, high;
    simt::unpack<Element>(partial.words[n], low, high);
    o[n][2 * h] = simt::fused(weight, low, o[n][2 * h]);
    o[n][2 * h + 1] = simt::fused(weight, high, o[n][2 * h + 1]);
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

// Of one row, of which (maximum, sum, o) are after finish(): rescales them to the greatest logarithm among its
// partials, and returns how many there are.
template <class Element, int kOut>
MOBASIM_DEVICE int raise_to_partials(float& maximum, float& sum, float (&o)[kOut][4], int h,
                                     const Partials<Element>& partials, int token) {
  float top = maximum;
  int used = 0;
  while (used < partials.slots &&
         (simt::load(partials.picks, token, used) >= 0 || simt::planted(simt::Bug::empty_slot_merged))) {
    top = simt::greater(top, kLog2E * simt::load(partials.lse, token - partials.chunk_begin, used));
    ++used;
  }
  const float shrink = simt::fast_exp2(maximum - top);
  maximum = top;
  if (!simt::planted(simt::Bug::merge_without_shrink)) sum *= shrink;
#pragma unroll
  for (int n = 0; n < kOut; ++n) {
    o[n][2 * h] *= shrink;
    o[n][2 * h + 1] *= shrink;
  }
  return used;
}

// Merges into (o, softmax), after finish(), the partials of the warp's rows first .. first + 31, those below end. Slot
// by slot for all rows at once, so that many loads are on their way: rows of one block have as many picks, but nothing
// is read of a row that has fewer.
template <class Element, int kOut>
MOBASIM_DEVICE void merge(Softmax& softmax, float (&o)[2][kOut][4], const Partials<Element>& partials, int first,
                          int end) {
  int used[2][2], most = 0;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int token = first + 16 * i + 8 * h + simt::lane_index() / 4;
      used[i][h] =
          token < end ? raise_to_partials(softmax.maximum[i][h], softmax.sum[i][h], o[i], h, partials, token) : 0;
      most = used[i][h] > most ? used[i][h] : most;
    }
  }
  for (int slot = 0; slot < most; ++slot) {
    PartialWords<kOut> words[2][2] = {};
    float lse[2][2];
#pragma unroll
    for (int i = 0; i < 2; ++i) {
#pragma unroll
      for (int h = 0; h < 2; ++h) {
        const int row = first - partials.chunk_begin + 16 * i + 8 * h + simt::lane_index() / 4;
        lse[i][h] = -simt::infinity();
        if (slot >= used[i][h]) continue;
        lse[i][h] = simt::load(partials.lse, row, slot);
        read_partial(words[i][h], partials.o, row * partials.slots + slot);
      }
    }
#pragma unroll
    for (int i = 0; i < 2; ++i) {
#pragma unroll
      for (int h = 0; h < 2; ++h) {
        const float weight = simt::fast_exp2(simt::fused(kLog2E, lse[i][h], -softmax.maximum[i][h]));
        softmax.sum[i][h] += weight;
        add_partial<Element>(o[i], h, words[i][h], weight);
      }
    }
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
