// Products on registers alone: what the tensor cores give with `mma`, and a probe of the state that they are in.
#pragma once

#include "kernels/cuda/types.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::cuda {

struct PeakParameters {
  float* sink;  // [blocks, kPeakThreads]
  int rounds;
};

constexpr int kPeakThreads = 128;  // a block
constexpr int kPeakProducts = 8;   // of a warp and round, none of which waits for another

// FLOPs of a launch: an mma is 16 x 8 x 16 multiply-adds.
[[nodiscard]] inline double peak_flops(int blocks, int rounds) {
  return 2.0 * 16 * 8 * 16 * kPeakProducts * (kPeakThreads / simt::kWarp) * blocks * rounds;
}

inline namespace MOBASIM_TARGET {
void launch_peak(Element element, const PeakParameters& parameters, int blocks, Stream stream);
}

}  // namespace mobasim::kernels::cuda
