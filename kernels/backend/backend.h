// What computes attention: the float64 reference, the CPU kernels, and the CUDA kernels on either of their targets, all
// with the same problems and tensors in float32 and the same kind of result. verify and attend choose one by its name.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kernels/dtype.h"
#include "kernels/fill.h"
#include "kernels/problem.h"

namespace mobasim::kernels {

namespace cpu {
struct MicroKernels;
}

// `compute` takes tensors already rounded to dtype; it throws ConfigError for what is wrong with them and Unsupported
// for what it cannot do.
struct Backend {
  std::string name;
  Dtype dtype = Dtype::f32;       // of the tensors; mean keys are rounded to it
  Dtype arithmetic = Dtype::f32;  // what weights and results are rounded to: fixes the bounds
  bool is_reference = false;      // then the oracle is naive_attention, else the reference
  std::function<Computed(const Problem&, const Tensors&, const KernelOptions&)> compute;
};

struct BackendOptions {
  std::optional<Dtype> dtype;                // without: what the backend computes in
  int threads = 0;                           // cpu: 0 as many as OpenMP would use
  const cpu::MicroKernels* micro = nullptr;  // cpu: nullptr the best that this processor has
  std::uint64_t seed = 1;                    // simt: the order of blocks, warps and lanes
};

[[nodiscard]] Backend reference_backend(const BackendOptions& options = {});
[[nodiscard]] Backend cpu_backend(const BackendOptions& options = {});
// The CUDA kernels, bf16 by default, on the SIMT executor and on a GPU. cuda_backend throws CudaError where there is
// none; f32 is refused by compute.
[[nodiscard]] Backend simt_backend(const BackendOptions& options = {});
[[nodiscard]] Backend cuda_backend(const BackendOptions& options = {});
// "reference", "cpu", "simt", "cuda"
[[nodiscard]] const std::vector<std::string>& backend_names();
// The formats that a backend can be asked to compute in. The reference computes in float64 alone: none.
[[nodiscard]] std::vector<Dtype> dtypes_of_backend(const std::string& name);
// Throws ConfigError for another name.
[[nodiscard]] Backend backend_named(const std::string& name, const BackendOptions& options = {});

}  // namespace mobasim::kernels
