// The GPU that the kernels run on: what it is, and its clock. Everything throws CudaError where there is none.
#pragma once

#include <cstddef>
#include <string>

#include "kernels/cuda/launch_error.h"
#include "kernels/cuda/types.h"

namespace mobasim::kernels::cuda {

struct Gpu {
  std::string name;
  int capability_major = 0, capability_minor = 0;
  int multiprocessors = 0;
  std::size_t memory_bytes = 0, cache_bytes = 0;  // device memory; L2 cache
  double clock_hz = 0, memory_clock_hz = 0;       // the highest that the driver tells; 0: it does not
  int driver = 0, runtime = 0;                    // CUDA versions, 1000 major + 10 minor
};
[[nodiscard]] Gpu this_gpu();

// An event put on a stream, and the seconds between two of them on the GPU's own clock, once both have passed.
[[nodiscard]] void* recorded_event(Stream stream);
[[nodiscard]] double seconds_between(void* begin, void* end);
void release_event(void* event);

}  // namespace mobasim::kernels::cuda
