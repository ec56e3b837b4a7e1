#include "kernels/reference/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "kernels/reference/keys.h"
#include "kernels/vectors.h"

namespace mobasim::kernels {
namespace {

// The top_k - 1 past blocks with the highest score, ascending; on equal scores the lower block.
std::vector<std::int32_t> best_blocks(const Problem& problem, const Inputs<double>& inputs, const ReferenceGate& gate,
                                      std::int64_t token, std::int64_t head, WorkCount& work) {
  struct Candidate {
    double score;
    std::int32_t block;
  };
  std::vector<Candidate> candidates;
  const std::int64_t own = (token - gate.begin) / problem.block;
  for (std::int64_t i = 0; i < own; ++i) {
    candidates.push_back({gate_score(problem, inputs, gate, token, head, i), static_cast<std::int32_t>(i)});
    ++work.gate_pairs;
  }
  std::vector<std::int32_t> chosen;
  while (!candidates.empty() && static_cast<std::int64_t>(chosen.size()) < slots_of(problem)) {
    auto best = candidates.begin();
    for (auto c = candidates.begin(); c != candidates.end(); ++c) {
      if (c->score > best->score) best = c;
    }
    chosen.push_back(best->block);
    candidates.erase(best);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

void choose(const Problem& problem, const Inputs<double>& inputs, const ReferenceOptions& options,
            std::int64_t sequence, ReferenceForward& out) {
  const std::int64_t begin = problem.cu_seqlens[static_cast<std::size_t>(sequence)];
  const std::int64_t end = problem.cu_seqlens[static_cast<std::size_t>(sequence) + 1];
  if (!routes(problem, end - begin)) return;
  const ReferenceGate gate = reference_gate(problem, inputs, sequence, options.dtype);
  out.work.blocks += gate.blocks * problem.kv_heads;
  for (std::int64_t t = begin; t < end; ++t) {
    for (std::int64_t head = 0; head < problem.heads; ++head) {
      const std::vector<std::int32_t> blocks = best_blocks(problem, inputs, gate, t, head, out.work);
      out.work.picks += static_cast<std::int64_t>(blocks.size());
      const std::int64_t at = (t * problem.heads + head) * slots_of(problem);
      std::copy(blocks.begin(), blocks.end(), out.result.selection.picks.begin() + at);
    }
  }
}

MOBASIM_WIDE_VECTORS
void attend(const Problem& problem, const Inputs<double>& inputs, std::int64_t begin, std::int64_t length,
            std::int64_t token, std::int64_t head, double floor, ReferenceForward& out) {
  const std::vector<std::int64_t> keys = attended_keys(problem, out.result.selection, begin, length, token, head);
  const std::int64_t dim = problem.head_dim, row = token * problem.heads + head;
  const double scale = scale_of(problem);
  std::vector<double> scores;
  double greatest = -std::numeric_limits<double>::infinity();
  for (const std::int64_t key : keys) {
    scores.push_back(scale * dot(&inputs.q[row * dim], key_row(problem, inputs.k, key, head), dim));
    greatest = std::max(greatest, scores.back());
    ++out.work.pairs;
  }
  double sum = 0;
  for (const double score : scores) sum += std::exp(score - greatest);
  const double lse = greatest + std::log(sum);
  out.result.lse[row] = lse;
  for (std::size_t j = 0; j < keys.size(); ++j) {
    const double p = std::exp(scores[j] - lse);
    const double* v = key_row(problem, inputs.v, keys[j], head);
    add_scaled(p, v, &out.result.o[row * dim], dim);
    add_scaled_magnitude(std::max(p, floor), v, &out.o_terms[row * dim], dim);
  }
}

}  // namespace

ReferenceGate reference_gate(const Problem& problem, const Inputs<double>& inputs, std::int64_t sequence, Dtype dtype) {
  const std::int64_t begin = problem.cu_seqlens[static_cast<std::size_t>(sequence)];
  const std::int64_t end = problem.cu_seqlens[static_cast<std::size_t>(sequence) + 1];
  ReferenceGate gate{begin, blocks_of(problem, end - begin), {}, {}};
  const std::int64_t row = problem.kv_heads * problem.head_dim;
  gate.means.assign(static_cast<std::size_t>(gate.blocks * row), 0.0);
  gate.magnitude = gate.means;
  for (std::int64_t i = 0; i < gate.blocks; ++i) {
    const std::int64_t first = begin + i * problem.block, last = std::min(first + problem.block, end);
    for (std::int64_t c = 0; c < row; ++c) {
      double sum = 0, magnitude = 0;
      for (std::int64_t t = first; t < last; ++t) {
        sum += inputs.k[t * row + c];
        magnitude += std::abs(inputs.k[t * row + c]);
      }
      gate.means[i * row + c] = rounded(sum / static_cast<double>(last - first), dtype);
      gate.magnitude[i * row + c] = magnitude / static_cast<double>(last - first);
    }
  }
  return gate;
}

double gate_score(const Problem& problem, const Inputs<double>& inputs, const ReferenceGate& gate, std::int64_t token,
                  std::int64_t head, std::int64_t block) {
  const std::int64_t dim = problem.head_dim;
  const double score = dot(&inputs.q[(token * problem.heads + head) * dim],
                           &gate.means[(block * problem.kv_heads + kv_head_of(problem, head)) * dim], dim);
  return std::isnan(score) ? -std::numeric_limits<double>::infinity() : score;
}

ReferenceForward reference_forward(const Problem& problem, const Inputs<double>& inputs,
                                   const ReferenceOptions& options) {
  check_inputs(problem, inputs.q.size(), inputs.k.size(), inputs.v.size());
  ReferenceForward out;
  const std::size_t rows = static_cast<std::size_t>(tokens(problem) * problem.heads);
  out.result.o.assign(rows * static_cast<std::size_t>(problem.head_dim), 0.0);
  out.o_terms = out.result.o;
  out.result.lse.assign(rows, 0.0);
  out.result.selection.picks.assign(rows * static_cast<std::size_t>(slots_of(problem)), -1);
  if (options.selection != nullptr) out.result.selection = *options.selection;
  const double floor = floor_of(options.dtype);
  for (std::int64_t i = 0; i < sequences(problem); ++i) {
    if (options.selection == nullptr) choose(problem, inputs, options, i, out);
    const std::int64_t begin = problem.cu_seqlens[static_cast<std::size_t>(i)];
    const std::int64_t end = problem.cu_seqlens[static_cast<std::size_t>(i) + 1];
    for (std::int64_t t = begin; t < end; ++t) {
      for (std::int64_t head = 0; head < problem.heads; ++head) {
        attend(problem, inputs, begin, end - begin, t, head, floor, out);
      }
    }
  }
  return out;
}

}  // namespace mobasim::kernels
