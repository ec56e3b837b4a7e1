// Memory and streams of the machine the code is compiled for: a GPU, or the executor. All throw CudaError.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/cuda/launch_error.h"
#include "kernels/cuda/types.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {

[[nodiscard]] void* allocate(std::size_t bytes, const char* what);
void release(void* memory);
// These wait until the copy is done.
void upload(void* to, const void* from, std::size_t bytes);
void download(void* to, const void* from, std::size_t bytes);
// These come after what is on the stream already. `from` may go as soon as the function returns.
void upload_on(Stream stream, void* to, const void* from, std::size_t bytes);
void fill_on(Stream stream, void* to, int byte, std::size_t bytes);
void synchronize(Stream stream);
// Throws where no GPU can run the kernels. The executor always can.
void check_gpu();

template <class T>
void upload_on(Stream stream, T* to, const std::vector<T>& from) {
  upload_on(stream, to, from.data(), from.size() * sizeof(T));
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
