// What the machine refused.
#pragma once

#include <stdexcept>

namespace mobasim::kernels::cuda {

// No GPU, no memory, a launch that failed. The text begins with file:line and the call.
struct CudaError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace mobasim::kernels::cuda
