// Matrix products by Eigen for the instruction set "avx512"; its compiler flags are in kernels/CMakeLists.txt.
#define Eigen Eigen_avx512
#define MOBASIM_GEMM_NAME eigen_gemm_avx512
#include "kernels/cpu/eigen_gemm.inl"
