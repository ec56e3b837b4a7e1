// The best scores of a row, in the registers of one thread: sorting networks of minima and maxima, in which every index
// is known to the compiler. Descending; no branches, no local memory.
#pragma once

#include "kernels/simt/simt.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {

// After it a >= b.
MOBASIM_DEVICE void exchange(float& a, float& b) {
  const float greater = simt::greater(a, b);
  b = simt::lesser(a, b);
  a = greater;
}

// Batcher's odd-even merge sort (Knuth, The Art of Computer Programming, volume 3, section 5.3.4): the numbers
// kFirst, kFirst + kStep .. of a range of kCount, the two halves of which are sorted.
template <int kFirst, int kCount, int kStep, int kSize>
MOBASIM_DEVICE void merge_sorted_halves(float (&values)[kSize]) {
  if constexpr (2 * kStep < kCount) {
    merge_sorted_halves<kFirst, kCount, 2 * kStep>(values);
    merge_sorted_halves<kFirst + kStep, kCount, 2 * kStep>(values);
#pragma unroll
    for (int i = kFirst + kStep; i + kStep < kFirst + kCount; i += 2 * kStep) exchange(values[i], values[i + kStep]);
  } else {
    exchange(values[kFirst], values[kFirst + kStep]);
  }
}
template <int kFirst, int kCount, int kSize>
MOBASIM_DEVICE void sort_range(float (&values)[kSize]) {
  if constexpr (kCount > 1) {
    sort_range<kFirst, kCount / 2>(values);
    sort_range<kFirst + kCount / 2, kCount / 2>(values);
    merge_sorted_halves<kFirst, kCount, 1>(values);
  }
}

// The kKept greatest of a sorted list and of kNew more numbers (powers of two, kNew <= kKept), sorted. The greatest of
// best[i] and of the new ones taken backwards are a bitonic sequence of them (Batcher 1968), which is merged.
template <int kKept, int kNew>
MOBASIM_DEVICE void keep_greatest(float (&best)[kKept], float (&fresh)[kNew]) {
  static_assert(kNew <= kKept);
  sort_range<0, kNew>(fresh);
#pragma unroll
  for (int i = 0; i < kNew; ++i) best[kKept - 1 - i] = simt::greater(best[kKept - 1 - i], fresh[i]);
#pragma unroll
  for (int distance = kKept / 2; distance > 0; distance /= 2) {
#pragma unroll
    for (int i = 0; i < kKept; ++i) {
      if ((i & distance) == 0) exchange(best[i], best[i + distance]);
    }
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
