// Included by one .cpp per instruction set. The library's namespace is renamed in each: its functions have the same
// names whatever they are compiled for, and the linker would keep one copy for all.
#include <Eigen/Core>
#include <cstdint>

namespace mobasim::kernels {

void MOBASIM_GEMM_NAME(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, const float* b, float* c,
                       int threads) {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::setNbThreads(threads);
  Eigen::Map<Matrix>(c, m, n).noalias() = Eigen::Map<const Matrix>(a, m, k) * Eigen::Map<const Matrix>(b, k, n);
}

}  // namespace mobasim::kernels
