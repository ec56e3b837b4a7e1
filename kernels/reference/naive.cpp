#include "kernels/reference/naive.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>

namespace mobasim::kernels {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Mask = Eigen::Matrix<bool, Eigen::Dynamic, Eigen::Dynamic>;

// Rows [begin, begin + length) of one head of a [tokens, heads, head_dim] tensor.
Matrix head_of(std::span<const double> tensor, std::int64_t begin, std::int64_t length, std::int64_t heads,
               std::int64_t head, std::int64_t dim) {
  Matrix rows(length, dim);
  for (std::int64_t t = 0; t < length; ++t) {
    for (std::int64_t c = 0; c < dim; ++c) rows(t, c) = tensor[((begin + t) * heads + head) * dim + c];
  }
  return rows;
}

void add_to(std::vector<double>& tensor, const Matrix& rows, std::int64_t begin, std::int64_t heads,
            std::int64_t head) {
  for (std::int64_t t = 0; t < rows.rows(); ++t) {
    for (std::int64_t c = 0; c < rows.cols(); ++c) tensor[((begin + t) * heads + head) * rows.cols() + c] += rows(t, c);
  }
}

// blocks[t, i]: whether query t may look at block i, by sorting all past blocks by falling score.
Mask routed_blocks(const Problem& problem, const Matrix& q, const Matrix& k, Dtype dtype) {
  const std::int64_t length = q.rows(), blocks = (length + problem.block - 1) / problem.block;
  Matrix means(blocks, q.cols());
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::int64_t size = std::min(problem.block, length - i * problem.block);
    means.row(i) = k.middleRows(i * problem.block, size).colwise().sum() / static_cast<double>(size);
  }
  means = means.unaryExpr([dtype](double x) { return rounded(x, dtype); });
  Matrix scores = Matrix::Zero(length, blocks);  // summed in one order for all blocks: equal keys tie exactly
  for (std::int64_t c = 0; c < q.cols(); ++c) {
    for (std::int64_t t = 0; t < length; ++t) {
      for (std::int64_t i = 0; i < blocks; ++i) scores(t, i) += q(t, c) * means(i, c);
    }
  }
  Mask open = Mask::Constant(length, blocks, false);
  for (std::int64_t t = 0; t < length; ++t) {
    const std::int64_t own = t / problem.block;
    open(t, own) = true;
    std::vector<std::int64_t> order(static_cast<std::size_t>(own));
    std::iota(order.begin(), order.end(), 0);
    const auto value = [&](std::int64_t i) { return std::isnan(scores(t, i)) ? -HUGE_VAL : scores(t, i); };
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return value(a) > value(b); });
    const std::size_t kept = std::min(order.size(), static_cast<std::size_t>(problem.top_k - 1));
    for (std::size_t s = 0; s < kept; ++s) open(t, order[s]) = true;
  }
  return open;
}

Mask mask_of(const Problem& problem, const Matrix& q, const Matrix& k, Dtype dtype) {
  const std::int64_t length = q.rows();
  Mask mask = Mask::Constant(length, length, false);
  Mask open;
  if (problem.mechanism == Mechanism::moba) open = routed_blocks(problem, q, k, dtype);
  for (std::int64_t t = 0; t < length; ++t) {
    for (std::int64_t j = 0; j <= t; ++j) {
      mask(t, j) = problem.mechanism == Mechanism::full ||
                   (problem.mechanism == Mechanism::moba && open(t, j / problem.block)) ||
                   (problem.mechanism == Mechanism::sliding_window && t - j < problem.window);
    }
  }
  return mask;
}

// Products are masked by selection, never by 0 x NaN: a NaN must stay where it belongs.
Matrix masked_product(const Mask& mask, const Matrix& weights, const Matrix& rows, bool transposed) {
  Matrix result = Matrix::Zero(mask.rows(), rows.cols());
  for (std::int64_t t = 0; t < mask.rows(); ++t) {
    for (std::int64_t j = 0; j < mask.cols(); ++j) {
      if (!mask(t, j)) continue;
      if (transposed) {
        result.row(j) += weights(t, j) * rows.row(t);
      } else {
        result.row(t) += weights(t, j) * rows.row(j);
      }
    }
  }
  return result;
}

void run_head(const Problem& problem, const Inputs<double>& inputs, Dtype dtype, std::int64_t begin,
              std::int64_t length, std::int64_t head, NaiveResult& out) {
  const std::int64_t dim = problem.head_dim, kv_heads = problem.kv_heads;
  const std::int64_t kv_head = head * kv_heads / problem.heads;
  const Matrix q = head_of(inputs.q, begin, length, problem.heads, head, dim);
  const Matrix k = head_of(inputs.k, begin, length, kv_heads, kv_head, dim);
  const Matrix v = head_of(inputs.v, begin, length, kv_heads, kv_head, dim);
  const Matrix d_o = head_of(inputs.d_o, begin, length, problem.heads, head, dim);
  const double scale = std::pow(static_cast<double>(dim), -0.5);
  const Mask mask = mask_of(problem, q, k, dtype);
  Matrix p = scale * (q * k.transpose());
  for (std::int64_t t = 0; t < length; ++t) {
    double greatest = -HUGE_VAL, sum = 0;
    for (std::int64_t j = 0; j <= t; ++j) greatest = mask(t, j) ? std::fmax(greatest, p(t, j)) : greatest;
    for (std::int64_t j = 0; j <= t; ++j) sum += mask(t, j) ? std::exp(p(t, j) - greatest) : 0.0;
    for (std::int64_t j = 0; j < length; ++j) p(t, j) = mask(t, j) ? std::exp(p(t, j) - greatest) / sum : 0.0;
    out.forward.lse[(begin + t) * problem.heads + head] = std::log(sum) + greatest;
  }
  add_to(out.forward.o, masked_product(mask, p, v, false), begin, problem.heads, head);
  // dS = P o (dP - rowsum(P o dP)), dP = dO V^T.
  const Matrix dp = d_o * v.transpose();
  Matrix ds = Matrix::Zero(length, length);
  for (std::int64_t t = 0; t < length; ++t) {
    double mean = 0;
    for (std::int64_t j = 0; j <= t; ++j) mean += mask(t, j) ? p(t, j) * dp(t, j) : 0.0;
    for (std::int64_t j = 0; j <= t; ++j) ds(t, j) = mask(t, j) ? p(t, j) * (dp(t, j) - mean) * scale : 0.0;
  }
  add_to(out.gradients.dq, masked_product(mask, ds, k, false), begin, problem.heads, head);
  add_to(out.gradients.dk, masked_product(mask, ds, q, true), begin, kv_heads, kv_head);
  add_to(out.gradients.dv, masked_product(mask, p, d_o, true), begin, kv_heads, kv_head);
}

}  // namespace

NaiveResult naive_attention(const Problem& problem, const Inputs<double>& inputs, Dtype dtype) {
  NaiveResult out;
  out.forward.o.assign(inputs.q.size(), 0.0);
  out.forward.lse.assign(static_cast<std::size_t>(tokens(problem) * problem.heads), 0.0);
  out.gradients.dq = out.forward.o;
  out.gradients.dk.assign(inputs.k.size(), 0.0);
  out.gradients.dv = out.gradients.dk;
  for (std::size_t i = 0; i + 1 < problem.cu_seqlens.size(); ++i) {
    const std::int64_t begin = problem.cu_seqlens[i], length = problem.cu_seqlens[i + 1] - begin;
    if (length == 0) continue;
    for (std::int64_t head = 0; head < problem.heads; ++head) {
      run_head(problem, inputs, dtype, begin, length, head, out);
    }
  }
  return out;
}

}  // namespace mobasim::kernels
