// Products of pairs of bf16 by AVX512-BF16, for which the Highway of Debian 12 (1.0.3) has no target.
#pragma once

#include "kernels/cpu/micro_kernels.h"

namespace mobasim::kernels::cpu {

// False on other processors, and where the program was built for another kind. The others must not be called then.
[[nodiscard]] bool has_avx512_bf16();
// Whether it is faster than widening: not on Intel's processors (0.47 of the f32 peak, measured on a Xeon with AMX).
[[nodiscard]] bool fast_avx512_bf16();
// As Arithmetic::multiply and MicroKernels::dot_products. The instruction flushes numbers below f32's normal ones to 0.
void multiply_by_avx512_bf16(std::int64_t rows, std::int64_t columns, std::int64_t depth, LeftOperand a, const float* b,
                             std::int64_t b_row, float* c, std::int64_t c_row, bool add);
double dot_products_by_avx512_bf16(double count, float* sink);

}  // namespace mobasim::kernels::cpu
