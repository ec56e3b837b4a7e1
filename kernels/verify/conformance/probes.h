// One tiny kernel for each primitive of kernels/simt: it reads words, does nothing but that primitive, and writes
// words. What must come out is worked out elsewhere (expectations.h), from the documentation and in plain C++.
#pragma once

#include <cstdint>

#include "kernels/cuda/launch_error.h"
#include "kernels/cuda/types.h"

namespace mobasim::kernels::conformance {

// in [in_words], out [out_words], in the memory of the target that runs them.
struct ProbeParameters {
  const std::uint32_t* in;
  std::uint32_t* out;
  int in_words, out_words;
};

// Every probe is a block of two warps, so that one may stand still while the other runs; some have several blocks.
constexpr int kThreads = 64;
constexpr int kBlocksX = 3, kBlocksY = 2, kBlocksZ = 2;  // of place
constexpr int kAtomicBlocks = 4;
constexpr int kSharedBytes = 4096;
constexpr int kMatrixProblems = 16;  // of mma, one a warp

// By the name of the primitive. Throws CudaError where no probe has that name or the launch fails.
using LaunchProbe = void (*)(const char* name, const ProbeParameters& parameters, cuda::Stream stream);
namespace host {
void launch_probe(const char* name, const ProbeParameters& parameters, cuda::Stream stream);
}
namespace gpu {
void launch_probe(const char* name, const ProbeParameters& parameters, cuda::Stream stream);
}

}  // namespace mobasim::kernels::conformance
