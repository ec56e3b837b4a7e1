// Gemms by oneDNN, f32 and bf16: what an implementation of a layer would call on this machine. Shapes,
// formats and threads are fixed when a product is made, so that a run does nothing but the product.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kernels/dtype.h"

namespace mobasim::kernels {

struct GemmShape {
  std::int64_t m = 0, n = 0, k = 0;
  Dtype dtype = Dtype::f32;  // f32 or bf16, of a, b and c; sums are f32
  bool transpose_a = false;  // a lies in memory as [k, m] instead of [m, k]
  bool transpose_b = false;  // b as [n, k] instead of [k, n]
};

// c [m, n] = a [m, k] b [k, n], all row-major.
class Gemm {
 public:
  // threads 0: as many as OpenMP would use. Throws ConfigError for a size below 1 or another format, Unsupported where
  // this processor has no kernel for the format other than the library's slow reference.
  Gemm(const GemmShape& shape, int threads);
  Gemm(Gemm&&) noexcept;
  Gemm& operator=(Gemm&&) noexcept;
  ~Gemm();

  // Elements of the format: float or 16 bits of a bf16. Not to be run by two threads at a time.
  void run(const void* a, const void* b, void* c);

  // What the library chose: "brg:avx512_core_bf16", ...
  [[nodiscard]] std::string kernel() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Why there are no gemms in the format on this processor; "" where there are.
[[nodiscard]] std::string gemm_problem(Dtype dtype, int threads);

// "oneDNN 2.6.3", as found when the program runs.
[[nodiscard]] std::string gemm_library();

}  // namespace mobasim::kernels
