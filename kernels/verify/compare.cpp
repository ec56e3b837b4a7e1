#include "kernels/verify/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mobasim::kernels::verify {
namespace {

double ratio_of(double error, double bound) {
  if (error == 0) return 0;
  return bound > 0 ? error / bound : std::numeric_limits<double>::infinity();
}

// |q| . (mean |key_a| + mean |key_b|)
double magnitude(const Problem& problem, const Inputs<double>& inputs, const ReferenceGate& gate, std::int64_t token,
                 std::int64_t head, std::int64_t a, std::int64_t b) {
  const std::int64_t dim = problem.head_dim;
  const auto row = [&](std::int64_t block) {
    return &gate.magnitude[(block * problem.kv_heads + kv_head_of(problem, head)) * dim];
  };
  const double* q = &inputs.q[(token * problem.heads + head) * dim];
  double sum = 0;
  for (std::int64_t c = 0; c < dim; ++c) sum += std::abs(q[c]) * (row(a)[c] + row(b)[c]);
  return sum;
}

bool well_formed(std::span<const std::int32_t> picks, std::int64_t own) {
  const std::int64_t wanted = std::min<std::int64_t>(own, static_cast<std::int64_t>(picks.size()));
  for (std::int64_t s = 0; s < static_cast<std::int64_t>(picks.size()); ++s) {
    if (s >= wanted ? picks[s] != -1 : picks[s] < (s == 0 ? 0 : picks[s - 1] + 1) || picks[s] >= own) return false;
  }
  return true;
}

bool holds(std::span<const std::int32_t> picks, std::int32_t block) {
  return std::find(picks.begin(), picks.end(), block) != picks.end();
}

}  // namespace

Comparison comparison(std::span<const double> got, std::span<const double> expected, std::span<const double> bounds) {
  Comparison out;
  double errors = 0, squares = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!std::isfinite(expected[i]) || !std::isfinite(got[i])) {
      const bool differs = std::isfinite(expected[i]) != std::isfinite(got[i]);
      if (differs && out.finiteness++ == 0) {
        out.element = i;
        out.got = got[i];
        out.expected = expected[i];
      }
      continue;
    }
    const double error = std::abs(got[i] - expected[i]);
    errors += error * error;
    squares += expected[i] * expected[i];
    const double ratio = ratio_of(error, bounds[i]);
    if (ratio < out.ratio || (ratio == out.ratio && bounds[i] <= out.bound)) continue;
    out.ratio = ratio;
    out.max_error = error;
    out.bound = bounds[i];
    if (out.finiteness == 0) {
      out.element = i;
      out.got = got[i];
      out.expected = expected[i];
    }
  }
  out.relative_rms = errors == 0    ? 0
                     : squares == 0 ? std::numeric_limits<double>::infinity()
                                    : std::sqrt(errors / squares);
  return out;
}

SelectionComparison selection_comparison(const Problem& problem, const Inputs<double>& inputs, const Selection& got,
                                         const Selection& expected, Dtype dtype) {
  SelectionComparison out;
  const std::size_t slots = static_cast<std::size_t>(slots_of(problem));
  const double u = unit_of(dtype);
  for (std::int64_t i = 0; i < sequences(problem); ++i) {
    const std::int64_t begin = problem.cu_seqlens[static_cast<std::size_t>(i)];
    const std::int64_t end = problem.cu_seqlens[static_cast<std::size_t>(i) + 1];
    if (!routes(problem, end - begin)) continue;
    const ReferenceGate gate = reference_gate(problem, inputs, i, dtype);
    for (std::int64_t row = begin * problem.heads; row < end * problem.heads; ++row) {
      const std::int64_t token = row / problem.heads, head = row % problem.heads;
      const std::span<const std::int32_t> mine = std::span(got.picks).subspan(row * slots, slots);
      const std::span<const std::int32_t> theirs = std::span(expected.picks).subspan(row * slots, slots);
      out.picks += std::count_if(theirs.begin(), theirs.end(), [](std::int32_t block) { return block >= 0; });
      if (!well_formed(mine, (token - begin) / problem.block)) ++out.malformed;
      if (std::equal(mine.begin(), mine.end(), theirs.begin())) continue;
      ++out.near_ties;
      for (const std::int32_t a : mine) {
        if (a < 0 || holds(theirs, a)) continue;
        for (const std::int32_t b : theirs) {
          if (b < 0 || holds(mine, b)) continue;
          const double low = gate_score(problem, inputs, gate, token, head, a);
          const double high = gate_score(problem, inputs, gate, token, head, b);
          const double gap = low == high ? 0 : high - low;
          const double tolerance = u * magnitude(problem, inputs, gate, token, head, a, b);
          const double ratio = ratio_of(gap, tolerance);
          if (ratio >= out.ratio) {
            out.gap = gap;
            out.tolerance = tolerance;
            out.ratio = ratio;
          }
        }
      }
    }
  }
  return out;
}

}  // namespace mobasim::kernels::verify
