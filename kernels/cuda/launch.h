// Launching a kernel, for both targets: the same code computes grids and workspaces for the GPU and for the executor.
#pragma once

#include <string>

#include "kernels/cuda/kernel_name.h"
#include "kernels/cuda/launch_error.h"
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

// What of a shape no device takes, in words; empty when it is sound. A grid with an empty side runs nothing, and is not
// launched. Limits: CUDA C++ Programming Guide, compute capabilities 8.0 to 9.0, the smaller of them.
inline std::string launch_violation(const LaunchShape& shape) {
  constexpr unsigned kMostX = 0x7fffffff, kMostYZ = 65535, kMostThreads = 1024, kMostShared = 163 * 1024;
  const auto beyond = [](const char* what, unsigned value, unsigned most) {
    return std::string(what) + " " + std::to_string(value) + " is beyond " + std::to_string(most);
  };
  if (shape.grid.x > kMostX) return beyond("grid x", shape.grid.x, kMostX);
  if (shape.grid.y > kMostYZ) return beyond("grid y", shape.grid.y, kMostYZ);
  if (shape.grid.z > kMostYZ) return beyond("grid z", shape.grid.z, kMostYZ);
  if (shape.threads > kMostThreads) return beyond("threads", shape.threads, kMostThreads);
  if (shape.threads == 0 || shape.threads % simt::kWarp != 0) {
    return "threads " + std::to_string(shape.threads) + " is no positive multiple of " + std::to_string(simt::kWarp);
  }
  if (shape.shared_bytes > kMostShared) return beyond("bytes of shared memory", shape.shared_bytes, kMostShared);
  return "";
}

inline namespace MOBASIM_TARGET {

#if defined(__CUDACC__)
void check_cuda(cudaError_t status, const char* file, int line, const char* call);
#define MOBASIM_CUDA(call) ::mobasim::kernels::cuda::check_cuda((call), __FILE__, __LINE__, #call)
#endif

template <class Parameters>
void launch(void (*kernel)(Parameters), const char* name, const LaunchShape& shape, const Parameters& parameters,
            Stream stream, const char* file, int line) {
  const std::string wrong = launch_violation(shape);
  if (!wrong.empty()) throw CudaError(std::string(file) + ":" + std::to_string(line) + ": " + name + ": " + wrong);
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
#define MOBASIM_LAUNCH(stream, shape, parameters, ...)                                                               \
  ::mobasim::kernels::cuda::launch(__VA_ARGS__, ::mobasim::kernels::cuda::kernel_name<__VA_ARGS__>().c_str(), shape, \
                                   parameters, stream, __FILE__, __LINE__)
