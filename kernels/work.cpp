#include "kernels/work.h"

#include <algorithm>

namespace mobasim::kernels {
namespace {

// One query head, one sequence.
WorkCount work_of(const Problem& problem, std::int64_t length) {
  WorkCount work;
  const bool gated = routes(problem, length);
  for (std::int64_t t = 0; t < length; ++t) {
    if (problem.mechanism == Mechanism::sliding_window) {
      work.pairs += std::min(t + 1, problem.window);
    } else if (problem.mechanism == Mechanism::full || problem.top_k >= blocks_of(problem, length)) {
      work.pairs += t + 1;
    } else {
      const std::int64_t past = t / problem.block, picks = std::min(problem.top_k - 1, past);
      work.pairs += t % problem.block + 1 + problem.block * picks;
      work.gate_pairs += gated ? past : 0;
      work.picks += picks;
    }
  }
  work.blocks = gated ? blocks_of(problem, length) : 0;
  return work;
}

}  // namespace

WorkCount work_of(const Problem& problem) {
  WorkCount sum;
  for (std::size_t i = 0; i + 1 < problem.cu_seqlens.size(); ++i) {
    const WorkCount one = work_of(problem, problem.cu_seqlens[i + 1] - problem.cu_seqlens[i]);
    sum.pairs += problem.heads * one.pairs;
    sum.gate_pairs += problem.heads * one.gate_pairs;
    sum.picks += problem.heads * one.picks;
    sum.blocks += problem.kv_heads * one.blocks;
  }
  return sum;
}

Flops forward_flops(const Problem& problem) {
  const WorkCount work = work_of(problem);
  const double dim = static_cast<double>(problem.head_dim);
  return Flops(4 * dim * static_cast<double>(work.pairs) + 2 * dim * static_cast<double>(work.gate_pairs));
}

Flops backward_flops(const Problem& problem) {
  return Flops(8 * static_cast<double>(problem.head_dim) * static_cast<double>(work_of(problem).pairs));
}

}  // namespace mobasim::kernels
