#include "kernels/cuda/gpu.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/launch_error.h"

namespace mobasim::kernels::cuda {

#if defined(__CUDACC__)

Gpu this_gpu() {
  int device = 0;
  MOBASIM_CUDA(cudaGetDevice(&device));
  cudaDeviceProp properties;
  MOBASIM_CUDA(cudaGetDeviceProperties(&properties, device));
  const auto attribute = [device](cudaDeviceAttr which) {
    int value = 0;
    return cudaDeviceGetAttribute(&value, which, device) == cudaSuccess ? value : 0;
  };
  Gpu gpu;
  gpu.name = properties.name;
  gpu.capability_major = properties.major;
  gpu.capability_minor = properties.minor;
  gpu.multiprocessors = properties.multiProcessorCount;
  gpu.memory_bytes = properties.totalGlobalMem;
  gpu.cache_bytes = static_cast<std::size_t>(properties.l2CacheSize);
  gpu.clock_hz = 1e3 * attribute(cudaDevAttrClockRate);
  gpu.memory_clock_hz = 1e3 * attribute(cudaDevAttrMemoryClockRate);
  MOBASIM_CUDA(cudaDriverGetVersion(&gpu.driver));
  MOBASIM_CUDA(cudaRuntimeGetVersion(&gpu.runtime));
  return gpu;
}

void* recorded_event(Stream stream) {
  cudaEvent_t event = nullptr;
  MOBASIM_CUDA(cudaEventCreate(&event));
  MOBASIM_CUDA(cudaEventRecord(event, static_cast<cudaStream_t>(stream)));
  return event;
}

double seconds_between(void* begin, void* end) {
  float milliseconds = 0;
  MOBASIM_CUDA(cudaEventSynchronize(static_cast<cudaEvent_t>(end)));
  MOBASIM_CUDA(cudaEventElapsedTime(&milliseconds, static_cast<cudaEvent_t>(begin), static_cast<cudaEvent_t>(end)));
  return 1e-3 * static_cast<double>(milliseconds);
}

void release_event(void* event) { MOBASIM_CUDA(cudaEventDestroy(static_cast<cudaEvent_t>(event))); }

#elif !defined(MOBASIM_HAS_CUDA)

namespace {
[[noreturn]] void refuse() { throw CudaError("this program was built without CUDA"); }
}  // namespace

Gpu this_gpu() { refuse(); }
void* recorded_event(Stream) { refuse(); }
double seconds_between(void*, void*) { refuse(); }
void release_event(void*) { refuse(); }

#endif

}  // namespace mobasim::kernels::cuda
