#include "fit/interval.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "fit/distributions.h"

namespace mobasim {
namespace {

// Sums over one run, with x = log x - centre and r the residuals.
struct RunSums {
  double n = 0, x = 0;     // X_g' 1: how a common offset of the run moves the normal equations
  double mean_r = 0;       // the run's offset, as far as the data show it
  double x_deviation = 0;  // sum x (r - mean r): what varies within the run
};

RunSums run_sums(const LogLine& line, const LogPoints& points, std::size_t begin, std::size_t end) {
  RunSums sums;
  sums.n = static_cast<double>(end - begin);
  for (std::size_t i = begin; i < end; ++i) {
    sums.x += points.log_x[i] - line.centre;
    sums.mean_r += line.residual(points.log_x[i], points.log_y[i]) / sums.n;
  }
  for (std::size_t i = begin; i < end; ++i) {
    const double r = line.residual(points.log_x[i], points.log_y[i]);
    sums.x_deviation += (points.log_x[i] - line.centre) * (r - sums.mean_r);
  }
  return sums;
}

double sum_of_squares_about(double centre, const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += (value - centre) * (value - centre);
  return sum;
}

}  // namespace

LineUncertainty uncertainty_of(const LogLine& line, const LogPoints& points) {
  const double runs = static_cast<double>(points.run_end.size());
  LineUncertainty result;
  if (points.run_end.size() < 3) return result;

  // A50: the offsets of runs are independent and of one variance.
  double offsets_squared = 0, nn = 0, nx = 0, xx = 0, within = 0;
  std::size_t begin = 0;
  for (const std::size_t end : points.run_end) {
    const RunSums g = run_sums(line, points, begin, end);
    offsets_squared += g.mean_r * g.mean_r;
    nn += g.n * g.n;
    nx += g.n * g.x;
    xx += g.x * g.x;
    within += g.x_deviation * g.x_deviation;
    begin = end;
  }
  result.degrees_of_freedom = runs - 2;
  result.run_variance = offsets_squared / result.degrees_of_freedom;

  // Sandwich (X'X)^-1 M (X'X)^-1 of (height, -exponent); X'X is diagonal because x is centred.
  const double n = static_cast<double>(points.log_x.size());
  const double spread = sum_of_squares_about(line.centre, points.log_x);
  const double v_height = result.run_variance * nn / (n * n);
  const double v_both = result.run_variance * nx / (n * spread);
  const double v_slope = (result.run_variance * xx + within * runs / (runs - 1)) / (spread * spread);

  // To (log scale, exponent): log scale = height + exponent centre.
  const double c = line.centre;
  const double both = c * v_slope - v_both;
  result.covariance = {{{v_height - 2 * c * v_both + c * c * v_slope, both}, {both, v_slope}}};
  return result;
}

Interval value_interval(const LogLine& line, const LineUncertainty& uncertainty, double log_x) {
  if (uncertainty.degrees_of_freedom <= 0) return {0, std::numeric_limits<double>::infinity()};
  const auto& v = uncertainty.covariance;
  const double variance = v[0][0] - 2 * log_x * v[0][1] + log_x * log_x * v[1][1];
  const double half = t_quantile_95(uncertainty.degrees_of_freedom) * std::sqrt(std::max(0.0, variance));
  const double log_y = line.height - line.exponent * (log_x - line.centre);
  return {std::exp(log_y - half), std::exp(log_y + half)};
}

Interval exponent_interval(const LogLine& line, const LineUncertainty& uncertainty) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (uncertainty.degrees_of_freedom <= 0) return {-kInfinity, kInfinity};
  const double half = t_quantile_95(uncertainty.degrees_of_freedom) * std::sqrt(uncertainty.covariance[1][1]);
  return {line.exponent - half, line.exponent + half};
}

}  // namespace mobasim
