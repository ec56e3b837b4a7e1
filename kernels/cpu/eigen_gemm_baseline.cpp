// Matrix products by Eigen for the instruction set "baseline"; its compiler flags are in kernels/CMakeLists.txt.
#define Eigen Eigen_baseline
#define MOBASIM_GEMM_NAME eigen_gemm_baseline
#include "kernels/cpu/eigen_gemm.inl"
