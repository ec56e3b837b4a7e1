// Attention on the processor, f32: full causal attention and MoBA, forward and backward, blocked and threaded.
//
// The result does not depend on the number of threads: every output element is summed by one task in a fixed order.
#pragma once

#include "kernels/cpu/micro_kernels.h"
#include "kernels/dtype.h"
#include "kernels/problem.h"

namespace mobasim::kernels {

struct CpuOptions {
  int threads = 0;                      // 0: as many as OpenMP would use
  const MicroKernels* micro = nullptr;  // nullptr: the best that this processor has
  Dtype mean_keys = Dtype::f32;         // what they are rounded to; all sums are f32
};

// Resizes what is in `out`. Throws ConfigError for violations(problem) or tensors of another size, Unsupported for
// sliding-window attention.
void cpu_forward(const Problem& problem, const Inputs<float>& inputs, const CpuOptions& options, Forward<float>& out);

// `forward` is what cpu_forward gave for the same inputs: its selection is used again, no gradient flows through the
// gate (Lu et al. 2025, section 2).
void cpu_backward(const Problem& problem, const Inputs<float>& inputs, const Forward<float>& forward,
                  const CpuOptions& options, Gradients<float>& out);

}  // namespace mobasim::kernels
