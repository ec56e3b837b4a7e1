// Percentile and BCa intervals (Efron & Tibshirani 1993, chapters 13 and 14).
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "fit/interval/bootstrap.h"
#include "fit/interval/distributions.h"

namespace mobasim {
namespace {

using Statistic = std::function<double(const Coordinates&)>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// With fewer the outermost resamples do not reach far enough for 95%: with one degree of freedom 67% were covered.
constexpr std::int64_t kFewestClusters = 4;
constexpr double kFewestDegrees = 2;

std::vector<double> values(const std::vector<Coordinates>& refits, const Statistic& statistic) {
  std::vector<double> found;
  found.reserve(refits.size());
  for (const Coordinates& at : refits) {
    const double value = statistic(at);
    if (!std::isnan(value)) found.push_back(value);
  }
  return found;
}

// Order statistic number p (n + 1), counted from 1, interpolated; the outermost ones beyond. An infinite neighbour is
// not interpolated with: the nearer of the two counts.
double quantile(const std::vector<double>& sorted, double p) {
  const double last = static_cast<double>(sorted.size()) - 1;
  const double place = std::clamp(p * (last + 2) - 1, 0.0, last);
  const double below = std::floor(place), part = place - below;
  const double lo = sorted[static_cast<std::size_t>(below)], hi = sorted[static_cast<std::size_t>(std::ceil(place))];
  if (std::isinf(lo) || std::isinf(hi)) return part < 0.5 ? lo : hi;
  return lo + part * (hi - lo);
}

// z_0: the normal score of the share of resamples below the estimate. Where resamples equal it (a floor of 0, few
// clusters) the share is known within bounds only, and the least correction within them is made.
double bias_correction(const std::vector<double>& sorted, double estimate) {
  const auto [first, end] = std::equal_range(sorted.begin(), sorted.end(), estimate);
  const double n = static_cast<double>(sorted.size());
  const double least = static_cast<double>(first - sorted.begin()) / n;
  const double most = static_cast<double>(end - sorted.begin()) / n;
  return normal_quantile(std::clamp(std::clamp(0.5, least, most), 0.5 / n, 1 - 0.5 / n));
}

// a: a sixth of the skewness of what each cluster does to the estimate (eq. 14.15).
double acceleration(const std::vector<double>& without) {
  double mean = 0, squares = 0, cubes = 0;
  for (const double value : without) mean += value / static_cast<double>(without.size());
  for (const double value : without) {
    squares += (mean - value) * (mean - value);
    cubes += (mean - value) * (mean - value) * (mean - value);
  }
  const double a = cubes / (6 * squares * std::sqrt(squares));
  return std::isfinite(a) ? a : 0;
}

// The level at which BCa reads the resamples in place of the normal score z (eq. 14.10). Beyond the pole of the formula
// is the end of the distribution.
double bca_level(double z, double bias, double a) {
  const double shifted = bias + z;
  if (std::isinf(shifted)) return normal_distribution(shifted);
  const double stretch = 1 - a * shifted;
  if (stretch <= 0) return shifted > 0 ? 1 : 0;
  return normal_distribution(bias + shifted / stretch);
}

double standard_deviation(const std::vector<double>& sorted) {
  if (std::isinf(sorted.front()) || std::isinf(sorted.back())) return sorted.front() == sorted.back() ? 0 : kInfinity;
  const double n = static_cast<double>(sorted.size());
  double mean = 0, squares = 0;
  for (const double value : sorted) mean += value / n;
  for (const double value : sorted) squares += (value - mean) * (value - mean);
  return sorted.size() < 2 ? kInfinity : std::sqrt(squares / (n - 1));
}

// In place of the normal score of a level; nothing where that many cannot tell.
std::optional<double> widened_score(const LawFit& fit, double level) {
  const double n = static_cast<double>(fit.clusters), p = static_cast<double>(shape(fit.law).coordinates());
  const double degrees = n - (fit.clusters < fit.points ? 1 : p);
  if (fit.clusters < kFewestClusters || degrees < kFewestDegrees) return std::nullopt;
  return t_quantile(0.5 + level / 2, degrees) * std::sqrt(n / degrees);
}

}  // namespace

BootstrapInterval bootstrap_interval(const Bootstrap& bootstrap, const LawFit& fit, const Statistic& statistic,
                                     double level) {
  const std::optional<double> z = widened_score(fit, level);
  const double estimate = statistic(fit.at);
  std::vector<double> sorted = values(bootstrap.resamples, statistic);
  if (!z || sorted.empty() || std::isnan(estimate)) return {{}, {}, kInfinity};
  std::sort(sorted.begin(), sorted.end());
  const double bias = bias_correction(sorted, estimate);
  const double a = acceleration(values(bootstrap.without_cluster, statistic));
  const auto within = [&](double lo, double hi) { return Interval{quantile(sorted, lo), quantile(sorted, hi)}; };
  return {within(normal_distribution(-*z), normal_distribution(*z)),
          within(bca_level(-*z, bias, a), bca_level(*z, bias, a)), standard_deviation(sorted)};
}

}  // namespace mobasim
