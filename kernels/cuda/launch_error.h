// What the machine refused, and the stream type: the part of launch.h that plain C++ files may read.
#pragma once

#include <stdexcept>

namespace mobasim::kernels::cuda {

// No GPU, no memory, a launch that failed. The text begins with file:line and the call.
struct CudaError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// cudaStream_t on a GPU; the executor runs everything at once and takes null.
using Stream = void*;

}  // namespace mobasim::kernels::cuda
