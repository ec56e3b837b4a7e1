// Where the kernels run: a GPU, or the SIMT executor on the host. Both run the same launch code.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "kernels/cuda/launch_error.h"
#include "kernels/cuda/peak.h"
#include "kernels/cuda/shape.h"
#include "kernels/cuda/types.h"

namespace mobasim::kernels::cuda {

// The stages of the pipelines, as bench times them.
enum class Stage { pool, gate, index, routed, own, delta, backward_keys, convert };
[[nodiscard]] const char* name(Stage stage);

// Called before and after each stage is put on the stream; may be empty.
struct StageHooks {
  std::function<void(Stage)> begin, end;
};

// Functions throw CudaError where the machine refuses (exit 3). Memory is the target's own: upload and download copy.
struct Target {
  const char* name = "";                                             // "cuda", "simt"
  void* (*allocate)(std::size_t bytes, const char* what) = nullptr;  // never null; contents undefined
  void (*release)(void* memory) = nullptr;
  void (*upload)(void* to, const void* from, std::size_t bytes) = nullptr;
  void (*download)(void* to, const void* from, std::size_t bytes) = nullptr;
  void (*synchronize)(Stream stream) = nullptr;
  // Enqueue a pass on a stream. workspace: at least forward_workspace(shape) / backward_workspace(shape) bytes,
  // allocated by the caller; contents may be anything. Asynchronous on a GPU: tensors and workspace must live until
  // synchronize.
  void (*forward)(const Shape& shape, const ForwardTensors& tensors, void* workspace, Stream stream,
                  const StageHooks& hooks) = nullptr;
  void (*backward)(const Shape& shape, const BackwardTensors& tensors, void* workspace, Stream stream,
                   const StageHooks& hooks) = nullptr;
  // Enqueues products on registers by so many blocks of threads; sink: blocks * kPeakThreads numbers.
  void (*peak)(Element element, const PeakParameters& parameters, int blocks, Stream stream) = nullptr;
};

[[nodiscard]] const Target& simt_target();
// Throws CudaError: this program was built without CUDA, or the machine has no GPU.
[[nodiscard]] const Target& cuda_target();

// Bytes of workspace, on both targets the same.
[[nodiscard]] std::size_t forward_workspace(const Shape& shape);
[[nodiscard]] std::size_t backward_workspace(const Shape& shape);

// What of a shape these kernels do not do, in words (head_dim other than 64 and 128, block no multiple of 64, top_k
// beyond 64); empty when they do.
[[nodiscard]] std::string unsupported(const Shape& shape);

}  // namespace mobasim::kernels::cuda
