// Launching a kernel, for both targets: the same code computes grids and workspaces for the GPU and for the executor.
// It includes nothing of the standard library, for nvcc reads it once for each architecture.
#pragma once

#include "kernels/cuda/types.h"
#include "kernels/simt/simt.h"

namespace mobasim::kernels::cuda {

struct Grid {
  unsigned x = 1, y = 1, z = 1;
};

struct LaunchShape {
  Grid grid;
  unsigned threads = 128;
  unsigned shared_bytes = 0;
};

// Throws CudaError where no device takes the shape. A grid with an empty side runs nothing, and is not launched.
// Limits: CUDA C++ Programming Guide, compute capabilities 8.0 to 9.0, the smaller of them.
void check_launch(const LaunchShape& shape, const char* kernel, const char* file, int line);

// The name of a kernel in the compiler's text of kernel_name() below, kept for good.
[[nodiscard]] const char* kernel_name_in(const char* function);

// Of a kernel given as a template argument, without namespaces: "causal_kernel<Bf16, 128, true>".
template <auto kKernel>
const char* kernel_name() {
  static const char* const name = kernel_name_in(__PRETTY_FUNCTION__);
  return name;
}

inline namespace MOBASIM_TARGET {

#if defined(__CUDACC__)
void check_cuda(cudaError_t status, const char* file, int line, const char* call);
#define MOBASIM_CUDA(call) ::mobasim::kernels::cuda::check_cuda((call), __FILE__, __LINE__, #call)
#endif

template <class Parameters>
void launch(void (*kernel)(Parameters), const char* name, const LaunchShape& shape, const Parameters& parameters,
            Stream stream, const char* file, int line) {
  check_launch(shape, name, file, line);
  if (shape.grid.x == 0 || shape.grid.y == 0 || shape.grid.z == 0) return;
#if defined(__CUDACC__)
  if (shape.shared_bytes > 48 * 1024) {
    check_cuda(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shape.shared_bytes)),
        file, line, "cudaFuncSetAttribute");
  }
  kernel<<<dim3(shape.grid.x, shape.grid.y, shape.grid.z), shape.threads, shape.shared_bytes,
           static_cast<cudaStream_t>(stream)>>>(parameters);
  check_cuda(cudaGetLastError(), file, line, name);
#else
  (void)stream;
  simt::run_grid(
      {name, {shape.grid.x, shape.grid.y, shape.grid.z}, shape.threads, shape.shared_bytes},
      [](const void* at, void* function) {
        reinterpret_cast<void (*)(Parameters)>(function)(*static_cast<const Parameters*>(at));
      },
      &parameters, reinterpret_cast<void*>(kernel));
#endif
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda

// MOBASIM_LAUNCH(stream, shape, parameters, kernel<Element, 64>): the kernel comes last, for it may contain commas.
#define MOBASIM_LAUNCH(stream, shape, parameters, ...)                                                       \
  ::mobasim::kernels::cuda::launch(__VA_ARGS__, ::mobasim::kernels::cuda::kernel_name<__VA_ARGS__>(), shape, \
                                   parameters, stream, __FILE__, __LINE__)
