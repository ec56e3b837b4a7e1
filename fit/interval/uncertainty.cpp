#include "fit/interval/uncertainty.h"

#include <algorithm>
#include <cmath>

#include "fit/interval/distributions.h"
#include "fit/solve/newton.h"
#include "fit/solve/symmetric.h"

namespace mobasim {
namespace {

// The free coordinates of a fit, packed: 0 .. n - 1.
struct Free {
  std::vector<std::size_t> of;
  [[nodiscard]] std::size_t size() const { return of.size(); }
};

Free free_of(const LawFit& fit) {
  Free free;
  for (const Coordinates& direction : free_directions(shape(fit.law), fit.at)) {
    free.of.push_back(static_cast<std::size_t>(std::ranges::find(direction, 1.0) - direction.begin()));
  }
  return free;
}

// What the clusters show: the letters are those of docs/method/uncertainty.md.
struct Sums {
  CoordinateMatrix xx{};       // sum w x x'
  CoordinateMatrix offsets{};  // sum over clusters of (sum w x)(sum w x)'
  CoordinateMatrix within{};   // sum over clusters of z z', z = sum w x (r - mean r of the cluster)
  double mean_squares = 0;     // sum over clusters of (mean r)^2
  double within_squares = 0;   // sum of (r - mean r)^2
};

void add_outer(CoordinateMatrix& sum, const Coordinates& x, double factor, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < n; ++k) sum[j][k] += factor * x[j] * x[k];
  }
}

struct Row {
  Coordinates x{};
  double r = 0, weight = 1;
};

double mean_weight(const FitData& data) {
  if (data.weights.empty()) return 1;
  double sum = 0;
  for (const double weight : data.weights) sum += weight;
  return sum / static_cast<double>(data.points());
}

// Weights are taken in units of their mean: variances are those of a point of mean weight, whatever unit weights have.
Row row_of(const LawFit& fit, const FitData& data, const Free& free, double unit, std::size_t i) {
  const LawValue value = law_at(fit, fit.at, data.log_x[i]);
  Row row;
  for (std::size_t j = 0; j < free.size(); ++j) row.x[j] = value.gradient[free.of[j]];
  row.r = data.log_y[i] - value.log_y;
  if (!data.weights.empty()) row.weight = data.weights[i] / unit;
  return row;
}

Sums sums_of(const LawFit& fit, const FitData& data, const Free& free) {
  const double unit = mean_weight(data);
  Sums sums;
  std::size_t begin = 0;
  std::vector<Row> rows;
  for (const std::size_t end : data.cluster_end) {
    rows.clear();
    double weights = 0, mean = 0, mean_weight = 0;
    for (std::size_t i = begin; i < end; ++i) {
      rows.push_back(row_of(fit, data, free, unit, i));
      weights += rows.back().weight;
      mean += rows.back().weight * rows.back().r;
    }
    mean /= weights;
    mean_weight = weights / static_cast<double>(rows.size());
    Coordinates offset{}, within{};
    for (const Row& row : rows) {
      add_outer(sums.xx, row.x, row.weight, free.size());
      for (std::size_t j = 0; j < free.size(); ++j) {
        offset[j] += row.weight * row.x[j];
        within[j] += row.weight * row.x[j] * (row.r - mean);
      }
      sums.within_squares += row.weight * (row.r - mean) * (row.r - mean);
    }
    // A cluster of weight w has an offset of variance s^2 / w, like a point of that weight.
    add_outer(sums.offsets, offset, 1 / mean_weight, free.size());
    add_outer(sums.within, within, 1, free.size());
    sums.mean_squares += mean_weight * mean * mean;
    begin = end;
  }
  return sums;
}

// What Huber's loss changes. An estimate scatters more than its residuals' mean square tells: by the mean square of psi
// over the squared mean of psi' (Huber 1981, section 7.6). The objective is flatter than sum x x': by the mean of psi'.
struct Robust {
  double scatter = 1, curvature = 1;
};

Robust robust_factors(const LawFit& fit, const FitData& data, const Free& free) {
  if (!fit.loss.huber_delta) return {};
  double squares = 0, slopes = 0, curvatures = 0;
  for (std::size_t i = 0; i < data.points(); ++i) {
    const double r = row_of(fit, data, free, 1, i).r;
    squares += r * r;
    slopes += fit.loss.slope(r) * fit.loss.slope(r);
    curvatures += fit.loss.curvature(r);
  }
  if (squares == 0 || curvatures == 0) return {};
  const double n = static_cast<double>(data.points());
  return {std::max(1.0, slopes * n * n / (curvatures * curvatures) / squares), curvatures / n};
}

// (X'X)^-1 in packed coordinates; nothing where the data do not determine them.
std::optional<CoordinateMatrix> inverse(const CoordinateMatrix& matrix, std::size_t n) {
  Coordinates root{};
  for (std::size_t j = 0; j < n; ++j) root[j] = std::sqrt(matrix[j][j]);
  CoordinateMatrix scaled{};
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < n; ++k) scaled[j][k] = matrix[j][k] / (root[j] * root[k]);
  }
  const auto l = cholesky(scaled, n);
  if (!l) return std::nullopt;
  CoordinateMatrix result{};
  for (std::size_t k = 0; k < n; ++k) {
    Coordinates unit{};
    unit[k] = 1;
    const Coordinates column = solved(*l, unit, n);
    for (std::size_t j = 0; j < n; ++j) result[j][k] = column[j] / (root[j] * root[k]);
  }
  return result;
}

CoordinateMatrix sandwich(const CoordinateMatrix& bread, const CoordinateMatrix& meat, std::size_t n) {
  CoordinateMatrix left{}, result{};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t k = 0; k < n; ++k) left[i][j] += bread[i][k] * meat[k][j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t k = 0; k < n; ++k) result[i][j] += left[i][k] * bread[k][j];
    }
  }
  return result;
}

CoordinateMatrix unpacked(const CoordinateMatrix& packed, const Free& free) {
  CoordinateMatrix result{};
  for (std::size_t j = 0; j < free.size(); ++j) {
    for (std::size_t k = 0; k < free.size(); ++k) result[free.of[j]][free.of[k]] = packed[j][k];
  }
  return result;
}

}  // namespace

Uncertainty uncertainty_of(const LawFit& fit, const FitData& data) {
  const Free free = free_of(fit);
  const double clusters = static_cast<double>(data.clusters());
  const double degrees = clusters - static_cast<double>(free.size());
  Uncertainty result;
  if (degrees <= 0) return result;
  const Sums sums = sums_of(fit, data, free);
  auto bread = inverse(sums.xx, free.size());
  if (!bread) return result;
  const double points = static_cast<double>(data.points());
  result.degrees_of_freedom = degrees;
  result.cluster_variance = sums.mean_squares / degrees;
  if (data.clustered()) result.point_variance = sums.within_squares / (points - clusters);
  CoordinateMatrix meat{};
  for (std::size_t j = 0; j < free.size(); ++j) {
    for (std::size_t k = 0; k < free.size(); ++k) {
      meat[j][k] = result.cluster_variance * sums.offsets[j][k] + sums.within[j][k] * clusters / (clusters - 1);
    }
  }
  const Robust robust = robust_factors(fit, data, free);
  CoordinateMatrix covariance = sandwich(*bread, meat, free.size());
  for (auto& row : covariance) {
    for (double& value : row) value *= robust.scatter;
  }
  const double curvature = robust.curvature * mean_weight(data);
  for (auto& row : *bread) {
    for (double& value : row) value /= curvature;
  }
  result.covariance = unpacked(covariance, free);
  result.inverse_curvature = unpacked(*bread, free);
  return result;
}

double along(const Coordinates& slopes, const Coordinates& at) {
  double sum = 0;
  for (std::size_t j = 0; j < kMostCoordinates; ++j) {
    if (slopes[j] != 0) sum += slopes[j] * at[j];  // 0 * -infinity is none of the sum
  }
  return sum;
}

double standard_error(const Uncertainty& uncertainty, const Coordinates& slopes) {
  double variance = 0;
  for (std::size_t j = 0; j < kMostCoordinates; ++j) {
    variance += slopes[j] * along(uncertainty.covariance[j], slopes);
  }
  return std::sqrt(std::max(0.0, variance));
}

Interval delta_interval(const Uncertainty& uncertainty, double estimate, const Coordinates& slopes) {
  if (!determined(uncertainty)) return {};
  const double half = t_quantile_95(uncertainty.degrees_of_freedom) * standard_error(uncertainty, slopes);
  return {estimate - half, estimate + half};
}

double NaturalParameter::of(double linear) const { return exponential ? std::exp(linear) : linear; }

NaturalParameter natural_parameter(const LawFit& fit, std::size_t index) {
  const LawShape form = shape(fit.law);
  NaturalParameter result;
  result.slopes[index] = 1;
  result.exponential = true;
  for (std::size_t i = 0; i < form.inputs; ++i) {
    if (index == form.height(i)) result.slopes[form.exponent(i)] = fit.centre[i];
    if (index == form.exponent(i)) result.exponential = false;
  }
  return result;
}

std::vector<Interval> delta_intervals(const LawFit& fit, const Uncertainty& uncertainty) {
  std::vector<Interval> intervals;
  for (std::size_t j = 0; j < shape(fit.law).coordinates(); ++j) {
    const NaturalParameter parameter = natural_parameter(fit, j);
    const double linear = along(parameter.slopes, fit.at);
    const Interval interval = std::isinf(linear) ? Interval{} : delta_interval(uncertainty, linear, parameter.slopes);
    intervals.push_back({parameter.of(interval.lo), parameter.of(interval.hi)});
  }
  return intervals;
}

Interval value_interval(const LawFit& fit, const Uncertainty& uncertainty, const std::vector<double>& x) {
  const LawValue value = law_at(fit, fit.at, logarithms(x));
  const Interval interval = delta_interval(uncertainty, value.log_y, value.gradient);
  return {std::exp(interval.lo), std::exp(interval.hi)};
}

}  // namespace mobasim
