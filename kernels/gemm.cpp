#include "kernels/gemm.h"

#include <string_view>

#include "kernels/cpu/micro_kernels.h"

namespace mobasim::kernels {

void eigen_gemm_baseline(std::int64_t, std::int64_t, std::int64_t, const float*, const float*, float*, int);
#ifdef MOBASIM_MICRO_X86
void eigen_gemm_avx2(std::int64_t, std::int64_t, std::int64_t, const float*, const float*, float*, int);
void eigen_gemm_avx512(std::int64_t, std::int64_t, std::int64_t, const float*, const float*, float*, int);
#endif

void eigen_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, const float* b, float* c, int threads) {
#ifdef MOBASIM_MICRO_X86
  const std::string_view best = micro_kernels().front()->name;
  if (best == "avx512") return eigen_gemm_avx512(m, n, k, a, b, c, threads);
  if (best == "avx2") return eigen_gemm_avx2(m, n, k, a, b, c, threads);
#endif
  eigen_gemm_baseline(m, n, k, a, b, c, threads);
}

}  // namespace mobasim::kernels
