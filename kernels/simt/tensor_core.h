// mma.sync.m16n8k16 on the fragments of 32 lanes.
#pragma once

#include <cstdint>

#include "kernels/simt/executor.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::simt::executor {

// What one lane brings and gets.
struct MatrixProduct {
  float (&d)[4];
  const std::uint32_t (&a)[4];
  std::uint32_t b[2];
};

void multiply_matrices(const MatrixProduct* const (&lanes)[kWarp], bool bf16, Rounding rounding);

}  // namespace mobasim::kernels::simt::executor
