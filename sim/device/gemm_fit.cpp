#include "sim/device/gemm_fit.h"

#include <algorithm>
#include <cmath>

#include "sim/device/dtype.h"

namespace mobasim {
namespace {

constexpr std::size_t kTerms = 5, kTermsOfFewRows = 2, kWork = 1;
constexpr std::size_t kLeastRows = 3, kRowsForAllTerms = 8;
constexpr int kRounds = 20;
constexpr double kLeastError = 1e-3;  // smaller errors weigh no more
using Terms = std::array<double, kTerms>;

Terms terms(double m, double n, double k) { return {1, 2 * m * n * k, m * k, k * n, m * n}; }

double smooth(const GemmFit& fit, double m, double n, double k) {
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

NormalEquations normal_equations(const std::vector<Terms>& rows, const std::vector<double>& weights) {
  NormalEquations equations;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const Terms& x = rows[row];
    for (std::size_t i = 0; i < kTerms; ++i) {
      equations.right[i] += weights[row] * x[i];
      for (std::size_t j = 0; j < kTerms; ++j) equations.products[i][j] += weights[row] * x[i] * x[j];
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
    if (gain(equations, *x) > most) {
      most = gain(equations, *x);
      best = *x;
    }
  }
  for (std::size_t i = 0; i < kTerms; ++i) best[i] /= equations.norm[i];
  return best;
}

double sum_of(const Terms& coefficients, const Terms& x) {
  double sum = 0;
  for (std::size_t i = 0; i < kTerms; ++i) sum += coefficients[i] * x[i];
  return sum;
}

// Least absolute relative errors by least squares with weights 1 / |error| (Schlossmacher 1973, J. Am. Stat. Assoc.
// 68): a row of a disturbed machine does not bend the others. `rows`: the terms over the time.
Terms fitted_terms(const std::vector<Terms>& rows, const std::vector<double>& quality) {
  const std::size_t allowed = rows.size() < kRowsForAllTerms ? kTermsOfFewRows : kTerms;
  std::vector<double> weights = quality;
  Terms x{};
  for (int round = 0; round < kRounds; ++round) {
    x = not_negative_solution(normal_equations(rows, weights), allowed);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      weights[row] = quality[row] / std::max(kLeastError, std::abs(sum_of(x, rows[row]) - 1));
    }
  }
  return x;
}

double median_size(const std::vector<GemmFit::Row>& rows) {
  std::vector<double> sizes;
  for (const GemmFit::Row& row : rows) sizes.push_back(std::abs(row.residual));
  std::sort(sizes.begin(), sizes.end());
  return sizes[sizes.size() / 2];
}

GemmFit fit_of(const std::vector<const ProfileRow*>& rows, const std::vector<Terms>& over_time,
               const std::vector<double>& weights) {
  const Terms x = fitted_terms(over_time, weights);
  GemmFit fit{x[0], x[1], x[2], x[3], x[4], {}, {}, {}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const ProfileRow& row = *rows[i];
    const auto m = static_cast<double>(row.m), n = static_cast<double>(row.n), k = static_cast<double>(row.k);
    fit.rows.push_back({octaves(m, n, k), std::log(row.time.value() / smooth(fit, m, n, k)), weights[i]});
  }
  return fit;
}

// Residuals beyond three times their median are of disturbances, not of shapes: they count as that much.
void bound_residuals(std::vector<GemmFit::Row>& rows) {
  const double most = 3 * median_size(rows);
  for (GemmFit::Row& row : rows) row.residual = std::clamp(row.residual, -most, most);
}

// Without those of a disturbed machine, where enough others are left.
std::vector<const ProfileRow*> rows_of(const Device& device, std::string_view dtype) {
  std::vector<const ProfileRow*> all, undisturbed;
  for (const ProfileRow& row : device.profile) {
    if (row.operation != "gemm" || !stands_for(row.dtype, dtype)) continue;
    all.push_back(&row);
    if (!disturbed(row)) undisturbed.push_back(&row);
  }
  return undisturbed.size() < kLeastRows ? all : undisturbed;
}

}  // namespace

std::optional<GemmFit> gemm_fit(const Device& device, std::string_view dtype) {
  const std::vector<const ProfileRow*> rows = rows_of(device, dtype);
  if (rows.size() < kLeastRows) return std::nullopt;
  std::vector<Terms> over_time;
  for (const ProfileRow* row : rows) {
    over_time.push_back(terms(static_cast<double>(row->m), static_cast<double>(row->n), static_cast<double>(row->k)));
    for (double& value : over_time.back()) value /= row->time.value();
  }
  std::vector<double> weights(rows.size(), 1);
  GemmFit fit = fit_of(rows, over_time, weights);
  const double size = std::max(kLeastError, median_size(fit.rows));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double error = standard_error(*rows[i]);
    if (error > 0) weights[i] = size * size / (size * size + error * error);
  }
  fit = fit_of(rows, over_time, weights);
  bound_residuals(fit.rows);
  fit.least = fit.most = fit.rows.front().octaves;
  for (const GemmFit::Row& row : fit.rows) {
    for (std::size_t i = 0; i < 3; ++i) {
      fit.least[i] = std::min(fit.least[i], row.octaves[i]);
      fit.most[i] = std::max(fit.most[i], row.octaves[i]);
    }
  }
  return fit;
}

double gemm_seconds(const GemmFit& fit, double m, double n, double k) {
  const std::array<double, 3> here = octaves(m, n, k);
  double residual = 0, weight = 1;
  for (const GemmFit::Row& row : fit.rows) {
    double square = 0;
    for (std::size_t i = 0; i < 3; ++i) square += (here[i] - row.octaves[i]) * (here[i] - row.octaves[i]);
    const double near = std::exp(-square / 2);
    residual += row.weight * near * row.residual;
    weight += row.weight * near;
  }
  return smooth(fit, m, n, k) * std::exp(residual / weight);
}

bool covers(const GemmFit& fit, double m, double n, double k) {
  const std::array<double, 3> here = octaves(m, n, k);
  for (std::size_t i = 0; i < 3; ++i) {
    if (here[i] < fit.least[i] || here[i] > fit.most[i]) return false;
  }
  return true;
}

}  // namespace mobasim
