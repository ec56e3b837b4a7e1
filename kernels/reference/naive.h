// Attention once more, as dense matrices: an S x S mask, a softmax, four products. Slow, short, and written without
// anything of the reference, so that the reference itself can be checked (verify --backend reference).
#pragma once

#include "kernels/dtype.h"
#include "kernels/problem.h"

namespace mobasim::kernels {

struct NaiveResult {
  Forward<double> forward;
  Gradients<double> gradients;
};

// `dtype`: what mean keys are rounded to. Needs d_o.
[[nodiscard]] NaiveResult naive_attention(const Problem& problem, const Inputs<double>& inputs, Dtype dtype);

}  // namespace mobasim::kernels
