#include "kernels/cuda/target.h"

#include <algorithm>

#include "kernels/cuda/machine.h"
#include "kernels/cuda/pipeline.h"

namespace mobasim::kernels::cuda {

// The same functions compiled by nvcc (kernels/cuda/CMakeLists.txt).
namespace gpu {
void* allocate(std::size_t bytes, const char* what);
void release(void* memory);
void upload(void* to, const void* from, std::size_t bytes);
void download(void* to, const void* from, std::size_t bytes);
void synchronize(Stream stream);
void check_gpu();
void forward(const Shape& shape, const ForwardTensors& tensors, void* workspace, Stream stream,
             const StageHooks& hooks);
void backward(const Shape& shape, const BackwardTensors& tensors, void* workspace, Stream stream,
              const StageHooks& hooks);
void launch_peak(Element element, const PeakParameters& parameters, int blocks, Stream stream);
}  // namespace gpu

namespace {

// Why a routing index cannot count in 32 bits: entries are (token of the chunk) << kSlotBits | slot.
constexpr long long kMostTokens = 1 << 25, kMostInt = 2147483647;
constexpr int kMostBlocks = 24 * 1024;             // counters of the index, in shared memory
constexpr int kMostTopK = 64, kMostHeads = 65535;  // slots in six bits; heads in the second side of a grid

}  // namespace

const char* name(Stage stage) {
  switch (stage) {
    case Stage::pool:
      return "pool";
    case Stage::gate:
      return "gate";
    case Stage::index:
      return "index";
    case Stage::routed:
      return "routed";
    case Stage::own:
      return "own";
    case Stage::delta:
      return "delta";
    case Stage::backward_keys:
      return "backward_keys";
    case Stage::convert:
      return "convert";
  }
  return "";
}

std::string unsupported(const Shape& shape) {
  const auto is = [](const char* what, long long value, const std::string& wanted) {
    return std::string(what) + " is " + std::to_string(value) + "; they do " + wanted;
  };
  if (shape.head_dim != 64 && shape.head_dim != 128) return is("head_dim", shape.head_dim, "64 and 128");
  if (shape.heads > kMostHeads) return is("heads", shape.heads, "at most " + std::to_string(kMostHeads));
  if (tokens_of(shape) > kMostTokens) return is("tokens", tokens_of(shape), "at most " + std::to_string(kMostTokens));
  if (!shape.moba) return "";
  if (shape.block < 64 || shape.block % 64 != 0) return is("block", shape.block, "multiples of 64");
  if (shape.top_k > kMostTopK) return is("top_k", shape.top_k, "at most " + std::to_string(kMostTopK));
  int longest = 0;
  for (std::size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    longest = std::max(longest, shape.cu_seqlens[s + 1] - shape.cu_seqlens[s]);
  }
  const int blocks = longest / shape.block;
  if (blocks > kMostBlocks) return is("blocks of a sequence", blocks, "at most " + std::to_string(kMostBlocks));
  const long long picks = static_cast<long long>(tokens_of(shape)) * shape.heads * slots_of(shape);
  if (picks > kMostInt) return is("tokens * heads * (top_k - 1)", picks, "at most " + std::to_string(kMostInt));
  return "";
}

const Target& simt_target() {
  static const Target target = {"simt",        host::allocate, host::release,
                                host::upload,  host::download, host::synchronize,
                                host::forward, host::backward, host::launch_peak};
  return target;
}

#if defined(MOBASIM_HAS_CUDA)
const Target& cuda_target() {
  static const Target target = {"cuda",           gpu::allocate, gpu::release,  gpu::upload,     gpu::download,
                                gpu::synchronize, gpu::forward,  gpu::backward, gpu::launch_peak};
  gpu::check_gpu();
  return target;
}
#else
const Target& cuda_target() {
  throw CudaError(
      "this program was built without CUDA (no nvcc was found when it was configured); --backend simt runs the same "
      "kernels on the processor");
}
#endif

}  // namespace mobasim::kernels::cuda
