// What headers of kernels name, without the standard library: nvcc reads them once for each architecture.
#pragma once

namespace mobasim::kernels::cuda {

enum class Element { bf16, fp16 };

// cudaStream_t on a GPU; the executor runs everything at once and takes null.
using Stream = void*;

}  // namespace mobasim::kernels::cuda
