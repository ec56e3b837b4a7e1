#include "sim/device/product_fit.h"

#include <algorithm>
#include <cmath>

#include "sim/device/dtype.h"

namespace mobasim {
namespace {

constexpr std::size_t kTerms = 5, kTermsOfFewRows = 2, kWork = 1;
constexpr std::size_t kLeastRows = 3, kRowsForAllTerms = 8;
using Terms = std::array<double, kTerms>;

Terms terms(double m, double n, double k) { return {1, 2 * m * n * k, m * k, k * n, m * n}; }

double smooth(const ProductFit& fit, double m, double n, double k) {
  const Terms terms_here = terms(m, n, k);
  return fit.start + fit.per_flop * terms_here[1] + fit.left * terms_here[2] + fit.right * terms_here[3] +
         fit.result * terms_here[4];
}

std::array<double, 3> octaves(double m, double n, double k) { return {std::log2(m), std::log2(n), std::log2(k)}; }

// What least squares need of the equations sum_j x_j terms_j / time = 1, each column divided by its norm.
struct NormalEquations {
  std::array<Terms, kTerms> products{};
  Terms right{}, norm{};
};

NormalEquations normal_equations(const std::vector<const ProfileRow*>& rows) {
  NormalEquations equations;
  for (const ProfileRow* row : rows) {
    Terms x = terms(static_cast<double>(row->m), static_cast<double>(row->n), static_cast<double>(row->k));
    for (double& value : x) value /= row->time.value();
    for (std::size_t i = 0; i < kTerms; ++i) {
      equations.right[i] += x[i];
      for (std::size_t j = 0; j < kTerms; ++j) equations.products[i][j] += x[i] * x[j];
    }
  }
  for (std::size_t i = 0; i < kTerms; ++i) equations.norm[i] = std::sqrt(equations.products[i][i]);
  for (std::size_t i = 0; i < kTerms; ++i) {
    equations.right[i] /= equations.norm[i];
    for (std::size_t j = 0; j < kTerms; ++j) equations.products[i][j] /= equations.norm[i] * equations.norm[j];
  }
  return equations;
}

// Gaussian elimination with the terms in `used` only, the others 0. Nothing where they cannot be told apart.
std::optional<Terms> solution(const NormalEquations& equations, unsigned used) {
  auto a = equations.products;
  Terms b = equations.right;
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < kTerms; ++i) {
    if ((used >> i & 1u) != 0) which.push_back(i);
  }
  // The matrix is symmetric and positive: elimination in the order of the diagonal is stable.
  for (std::size_t p = 0; p < which.size(); ++p) {
    const std::size_t i = which[p];
    if (!(a[i][i] > 1e-10)) return std::nullopt;
    for (std::size_t q = p + 1; q < which.size(); ++q) {
      const std::size_t j = which[q];
      const double factor = a[j][i] / a[i][i];
      for (const std::size_t c : which) a[j][c] -= factor * a[i][c];
      b[j] -= factor * b[i];
    }
  }
  Terms x{};
  for (std::size_t p = which.size(); p-- > 0;) {
    const std::size_t i = which[p];
    double sum = b[i];
    for (std::size_t q = p + 1; q < which.size(); ++q) sum -= a[i][which[q]] * x[which[q]];
    x[i] = sum / a[i][i];
  }
  return x;
}

// What the squared error loses against x = 0: right . x at a least-squares solution.
double gain(const NormalEquations& equations, const Terms& x) {
  double sum = 0;
  for (std::size_t i = 0; i < kTerms; ++i) sum += equations.right[i] * x[i];
  return sum;
}

// The best of all choices of terms whose solution has none below 0; work is always one of them.
Terms not_negative_solution(const NormalEquations& equations, std::size_t terms_allowed) {
  Terms best{};
  double most = -1;
  for (unsigned used = 0; used < 1u << terms_allowed; ++used) {
    if ((used >> kWork & 1u) == 0) continue;
    const std::optional<Terms> x = solution(equations, used);
    if (!x || *std::min_element(x->begin(), x->end()) < 0 || !((*x)[kWork] > 0)) continue;
    if (gain(equations, *x) > most) most = gain(equations, *x), best = *x;
  }
  for (std::size_t i = 0; i < kTerms; ++i) best[i] /= equations.norm[i];
  return best;
}

}  // namespace

std::optional<ProductFit> product_fit(const DeviceProfile& device, std::string_view dtype) {
  std::vector<const ProfileRow*> rows;
  for (const ProfileRow& row : device.profile) {
    if (row.operation == "gemm" && stands_for(row.dtype, dtype)) rows.push_back(&row);
  }
  if (rows.size() < kLeastRows) return std::nullopt;
  const Terms x =
      not_negative_solution(normal_equations(rows), rows.size() < kRowsForAllTerms ? kTermsOfFewRows : kTerms);
  ProductFit fit{x[0], x[1], x[2], x[3], x[4], {}};
  for (const ProfileRow* row : rows) {
    const auto m = static_cast<double>(row->m), n = static_cast<double>(row->n), k = static_cast<double>(row->k);
    fit.rows.push_back({octaves(m, n, k), std::log(row->time.value() / smooth(fit, m, n, k))});
  }
  return fit;
}

double product_seconds(const ProductFit& fit, double m, double n, double k) {
  const std::array<double, 3> here = octaves(m, n, k);
  double residual = 0, weight = 1;
  for (const ProductFit::Row& row : fit.rows) {
    double square = 0;
    for (std::size_t i = 0; i < 3; ++i) square += (here[i] - row.octaves[i]) * (here[i] - row.octaves[i]);
    const double near = std::exp(-square / 2);
    residual += near * row.residual, weight += near;
  }
  return smooth(fit, m, n, k) * std::exp(residual / weight);
}

bool covers(const ProductFit& fit, double m, double n, double k) {
  const std::array<double, 3> here = octaves(m, n, k);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto less = [i](const ProductFit::Row& a, const ProductFit::Row& b) { return a.octaves[i] < b.octaves[i]; };
    const auto [low, high] = std::minmax_element(fit.rows.begin(), fit.rows.end(), less);
    if (here[i] < low->octaves[i] || here[i] > high->octaves[i]) return false;
  }
  return true;
}

}  // namespace mobasim
