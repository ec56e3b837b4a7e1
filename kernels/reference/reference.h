// The float64 oracle: attention written as its definition reads, one query at a time, forward and backward. Every
// kernel is compared with it, and it counts its own work while running, for comparison with the closed forms of the
// simulator (tests/cross).
//
// MoBA as in Lu et al. 2025 (arXiv 2502.13189), equations 2 to 6 and section 2.2; what the paper leaves open is settled
// in docs/method/kernels.md: ties go to the lower block, top_k counts the own block, each query head routes by itself.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/dtype.h"
#include "kernels/problem.h"
#include "kernels/work.h"

namespace mobasim::kernels {

struct ReferenceOptions {
  Dtype dtype = Dtype::f32;              // of the tensors: mean keys are rounded to it
  const Selection* selection = nullptr;  // use these picks in place of the gate's
};

struct ReferenceForward {
  Forward<double> result;
  std::vector<double> o_terms;  // like o: sum over keys of p |v|, p at least floor_of(dtype)
  WorkCount work;
};

// Throws ConfigError like check_inputs.
[[nodiscard]] ReferenceForward reference_forward(const Problem& problem, const Inputs<double>& inputs,
                                                 const ReferenceOptions& options = {});

struct ReferenceBackward {
  Gradients<double> result;
  // The sums of the absolute values of the terms of each element, the sums inside them expanded too:
  //   dv: p |d_o|    dk: p (sum |d_o v| + sum |d_o o|) scale |q|    dq: the same with |k|
  Gradients<double> terms;
};

[[nodiscard]] ReferenceBackward reference_backward(const Problem& problem, const Inputs<double>& inputs,
                                                   const Forward<double>& forward, Dtype dtype = Dtype::f32);

// Mean keys and gate scores of one sequence, as the reference uses them.
struct ReferenceGate {
  std::int64_t begin = 0, blocks = 0;
  std::vector<double> means;      // [blocks, kv_heads, head_dim], rounded
  std::vector<double> magnitude;  // mean of |key|, for tolerances
};
[[nodiscard]] ReferenceGate reference_gate(const Problem& problem, const Inputs<double>& inputs, std::int64_t sequence,
                                           Dtype dtype);
// q[token, head] . mean_key[block], NaN read as -infinity.
[[nodiscard]] double gate_score(const Problem& problem, const Inputs<double>& inputs, const ReferenceGate& gate,
                                std::int64_t token, std::int64_t head, std::int64_t block);

}  // namespace mobasim::kernels
