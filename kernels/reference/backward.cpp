#include <algorithm>
#include <cmath>

#include "kernels/reference/keys.h"
#include "kernels/reference/reference.h"
#include "kernels/vectors.h"

namespace mobasim::kernels {
namespace {

// One query: with p = exp(s - lse), dp = d_o . v, delta = d_o . o
//   dv += p d_o      ds = p (dp - delta) scale      dq += ds k      dk += ds q
// (FlashAttention-2, arXiv 2307.08691, section 3.2; rowsum(d_o o) is that of the whole, merged row.)
MOBASIM_WIDE_VECTORS
void add_row(const Problem& problem, const Inputs<double>& inputs, const Forward<double>& forward, std::int64_t begin,
             std::int64_t length, std::int64_t token, std::int64_t head, double floor, ReferenceBackward& out) {
  const std::int64_t dim = problem.head_dim, row = token * problem.heads + head;
  const double scale = scale_of(problem);
  const double *q = &inputs.q[row * dim], *d_o = &inputs.d_o[row * dim], *o = &forward.o[row * dim];
  const double delta = dot(d_o, o, dim), delta_terms = absolute_dot(d_o, o, dim);
  for (const std::int64_t key : attended_keys(problem, forward.selection, begin, length, token, head)) {
    const double *k = key_row(problem, inputs.k, key, head), *v = key_row(problem, inputs.v, key, head);
    const std::int64_t at = k - inputs.k.data();
    const double p = std::exp(scale * dot(q, k, dim) - forward.lse[row]);
    const double ds = p * (dot(d_o, v, dim) - delta) * scale;
    const double p_terms = std::max(p, floor);
    const double ds_terms = p_terms * (absolute_dot(d_o, v, dim) + delta_terms) * scale;
    add_scaled(p, d_o, &out.result.dv[at], dim);
    add_scaled_magnitude(p_terms, d_o, &out.terms.dv[at], dim);
    add_scaled(ds, q, &out.result.dk[at], dim);
    add_scaled_magnitude(ds_terms, q, &out.terms.dk[at], dim);
    add_scaled(ds, k, &out.result.dq[row * dim], dim);
    add_scaled_magnitude(ds_terms, k, &out.terms.dq[row * dim], dim);
  }
}

}  // namespace

ReferenceBackward reference_backward(const Problem& problem, const Inputs<double>& inputs,
                                     const Forward<double>& forward, Dtype dtype) {
  check_inputs(problem, inputs.q.size(), inputs.k.size(), inputs.v.size());
  check_backward(problem, inputs.d_o.size(), forward.o.size(), forward.lse.size(), forward.selection.picks.size());
  ReferenceBackward out;
  out.result.dq.assign(static_cast<std::size_t>(query_size(problem)), 0.0);
  out.result.dk.assign(static_cast<std::size_t>(key_size(problem)), 0.0);
  out.result.dv = out.result.dk;
  out.terms = out.result;
  const double floor = floor_of(dtype);
  for (std::size_t i = 0; i + 1 < problem.cu_seqlens.size(); ++i) {
    const std::int64_t begin = problem.cu_seqlens[i], end = problem.cu_seqlens[i + 1];
    for (std::int64_t t = begin; t < end; ++t) {
      for (std::int64_t head = 0; head < problem.heads; ++head) {
        add_row(problem, inputs, forward, begin, end - begin, t, head, floor, out);
      }
    }
  }
  return out;
}

}  // namespace mobasim::kernels
