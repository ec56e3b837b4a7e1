// Matrix products by Eigen for the instruction set "avx2"; its compiler flags are in kernels/CMakeLists.txt.
#define Eigen Eigen_avx2
#define MOBASIM_GEMM_NAME eigen_gemm_avx2
#include "kernels/cpu/eigen_gemm.inl"
