// Matrix products by Eigen, f32, for the profile of this machine: one source compiled for each instruction set, chosen
// when the program runs, as a library built for this machine would be.
#pragma once

#include <cstdint>

namespace mobasim::kernels {

// c [m, n] = a [m, k] b [k, n], row-major.
void eigen_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, const float* b, float* c, int threads);

}  // namespace mobasim::kernels
