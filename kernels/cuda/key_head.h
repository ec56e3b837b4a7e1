// Grouped queries: which heads read the same keys.
#pragma once

#include "kernels/simt/simt.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {

// The key head that a query head reads.
MOBASIM_DEVICE int kv_head_of(int head, int heads, int kv_heads) {
  if (simt::planted(simt::Bug::key_head_mixed_up)) return head % kv_heads;
  return static_cast<int>(static_cast<unsigned>(head) * static_cast<unsigned>(kv_heads) / static_cast<unsigned>(heads));
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
