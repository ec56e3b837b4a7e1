#include <algorithm>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/machine.h"
#include "kernels/cuda/target.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {

#if defined(__CUDACC__)

void check_cuda(cudaError_t status, const char* file, int line, const char* call) {
  if (status == cudaSuccess) return;
  throw CudaError(std::string(file) + ":" + std::to_string(line) + ": " + call + ": " + cudaGetErrorString(status));
}

void* allocate(std::size_t bytes, const char* what) {
  void* memory = nullptr;
  const std::string call = "cudaMalloc of " + std::to_string(bytes) + " bytes for " + what;
  check_cuda(cudaMalloc(&memory, std::max<std::size_t>(bytes, 1)), __FILE__, __LINE__, call.c_str());
  return memory;
}
void release(void* memory) { cudaFree(memory); }  // destructors call this: an error shows at the next call
void upload(void* to, const void* from, std::size_t bytes) {
  MOBASIM_CUDA(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice));
}
void download(void* to, const void* from, std::size_t bytes) {
  MOBASIM_CUDA(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost));
}
// The source is pageable memory, which is copied aside before the call returns (CUDA Runtime API, "API synchronization
// behavior").
void upload_on(Stream stream, void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  MOBASIM_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, static_cast<cudaStream_t>(stream)));
}
void fill_on(Stream stream, void* to, int byte, std::size_t bytes) {
  if (bytes == 0) return;
  MOBASIM_CUDA(cudaMemsetAsync(to, byte, bytes, static_cast<cudaStream_t>(stream)));
}
void synchronize(Stream stream) { MOBASIM_CUDA(cudaStreamSynchronize(static_cast<cudaStream_t>(stream))); }

void check_gpu() {
  int count = 0, device = 0, major = 0, minor = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  const std::string why = status != cudaSuccess ? cudaGetErrorString(status) : "there is none";
  if (status != cudaSuccess || count == 0) {
    throw CudaError(std::string(__FILE__) + ":" + std::to_string(__LINE__) +
                    ": cudaGetDeviceCount: no GPU to run on (" + why +
                    "); --backend simt runs the same kernels on the processor");
  }
  MOBASIM_CUDA(cudaGetDevice(&device));
  MOBASIM_CUDA(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
  MOBASIM_CUDA(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device));
  if (major < 8) {
    throw CudaError("the GPU is of compute capability " + std::to_string(major) + "." + std::to_string(minor) +
                    "; the kernels need 8.0");
  }
}

#else

void check_gpu() {}
void* allocate(std::size_t bytes, const char* what) { return simt::allocate(std::max<std::size_t>(bytes, 1), what); }
void release(void* memory) { simt::release(memory); }
void upload(void* to, const void* from, std::size_t bytes) { simt::upload(to, from, bytes); }
void download(void* to, const void* from, std::size_t bytes) { simt::download(to, from, bytes); }
void upload_on(Stream, void* to, const void* from, std::size_t bytes) {
  if (bytes > 0) simt::upload(to, from, bytes);
}
void fill_on(Stream, void* to, int byte, std::size_t bytes) {
  if (bytes > 0) simt::fill(to, byte, bytes);
}
void synchronize(Stream) {}

#endif

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
