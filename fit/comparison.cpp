#include "fit/comparison.h"

#include <algorithm>
#include <cmath>

namespace mobasim {
namespace {

std::vector<RunMean> run_means(const RunGroup& group, const PowerLaw& law, const PointRule& rule) {
  std::vector<RunMean> means;
  for (const TrainingRun& run : group.runs) {
    const std::vector<Point> points = chosen_points(run, rule);
    if (points.empty()) continue;
    RunMean mean;
    mean.key = run.key;
    mean.points = static_cast<double>(points.size());
    for (const Point& point : points) {
      mean.log_x += std::log(point.x) / mean.points;
      mean.log_loss += std::log(point.loss) / mean.points;
    }
    mean.residual = mean.log_loss - (std::log(law.a) - law.b * mean.log_x);
    means.push_back(std::move(mean));
  }
  return means;
}

// The pooled least-squares line of log loss over log x is, at log_x, the sum of weight * (run mean of log loss); the
// spread of log x within a run (5% of x under tail:0.05) is neglected. A62
std::vector<double> weights_at(const std::vector<RunMean>& runs, double log_x) {
  double points = 0, centre = 0, spread = 0;
  for (const RunMean& run : runs) points += run.points;
  for (const RunMean& run : runs) centre += run.points * run.log_x / points;
  for (const RunMean& run : runs) spread += run.points * (run.log_x - centre) * (run.log_x - centre);
  std::vector<double> weights;
  for (const RunMean& run : runs) {
    weights.push_back(run.points * (1 / points + (log_x - centre) * (run.log_x - centre) / spread));
  }
  return weights;
}

// Row g of I - H, where H maps run means to fitted run means.
std::vector<std::vector<double>> residual_matrix(const std::vector<RunMean>& runs) {
  std::vector<std::vector<double>> matrix;
  for (std::size_t g = 0; g < runs.size(); ++g) {
    std::vector<double> row = weights_at(runs, runs[g].log_x);
    for (std::size_t h = 0; h < row.size(); ++h) row[h] = (g == h ? 1.0 : 0.0) - row[h];
    matrix.push_back(std::move(row));
  }
  return matrix;
}

// For each run of a, the run of b with the same key, or runs of b's size when there is none.
std::vector<std::size_t> partners(const std::vector<RunMean>& a, const std::vector<RunMean>& b) {
  std::vector<std::size_t> result;
  for (const RunMean& run : a) {
    const auto found = std::find_if(b.begin(), b.end(), [&](const RunMean& other) { return other.key == run.key; });
    result.push_back(static_cast<std::size_t>(found - b.begin()));
  }
  return result;
}

// Unbiased (co)variance of run means from residuals: E[e_a' e_b] = covariance * sum over pairs of (M_a M_b')_gh, with
// e = M y. Sums run over the pairs.
double residual_covariance(const std::vector<RunMean>& a, const std::vector<RunMean>& b) {
  const auto matrix_a = residual_matrix(a), matrix_b = residual_matrix(b);
  const std::vector<std::size_t> partner = partners(a, b);
  double products = 0, expected = 0;
  for (std::size_t g = 0; g < a.size(); ++g) {
    if (partner[g] == b.size()) continue;
    products += a[g].residual * b[partner[g]].residual;
    for (std::size_t h = 0; h < a.size(); ++h) {
      if (partner[h] != b.size()) expected += matrix_a[g][h] * matrix_b[partner[g]][partner[h]];
    }
  }
  return expected > 1e-9 ? products / expected : 0;
}

double variance_at(const Comparison& comparison, double log_x) {
  const std::vector<double> treatment = weights_at(comparison.treatment_runs, log_x);
  const std::vector<double> baseline = weights_at(comparison.baseline_runs, log_x);
  double variance = 0;
  for (const double weight : treatment) variance += weight * weight * comparison.treatment_variance;
  for (const double weight : baseline) variance += weight * weight * comparison.baseline_variance;
  const std::vector<std::size_t> partner = partners(comparison.treatment_runs, comparison.baseline_runs);
  for (std::size_t g = 0; g < treatment.size(); ++g) {
    if (partner[g] < baseline.size()) variance -= 2 * treatment[g] * baseline[partner[g]] * comparison.covariance;
  }
  return std::max(0.0, variance);
}

}  // namespace

Comparison comparison(const RunGroup& treatment, const Fitted<PowerLaw>& treatment_fit, const RunGroup& baseline,
                      const Fitted<PowerLaw>& baseline_fit, const PointRule& rule) {
  Comparison result;
  result.treatment = treatment_fit.law;
  result.baseline = baseline_fit.law;
  result.treatment_runs = run_means(treatment, treatment_fit.law, rule);
  result.baseline_runs = run_means(baseline, baseline_fit.law, rule);
  result.treatment_variance = residual_covariance(result.treatment_runs, result.treatment_runs);
  result.baseline_variance = residual_covariance(result.baseline_runs, result.baseline_runs);
  result.covariance = residual_covariance(result.treatment_runs, result.baseline_runs);
  const std::size_t runs = std::min(result.treatment_runs.size(), result.baseline_runs.size());
  result.degrees_of_freedom = static_cast<double>(runs) - 2;
  result.treatment_range = {treatment_fit.x_min, treatment_fit.x_max};
  result.baseline_range = {baseline_fit.x_min, baseline_fit.x_max};
  return result;
}

LossRatio loss_ratio_at(const Comparison& comparison, double x) {
  LossRatio result;
  result.log_ratio = std::log(loss_at(comparison.treatment, x) / loss_at(comparison.baseline, x));
  const double half = t_quantile_95(comparison.degrees_of_freedom) * std::sqrt(variance_at(comparison, std::log(x)));
  result.interval = {result.log_ratio - half, result.log_ratio + half};
  if (result.interval.hi < 0) result.winner = Winner::treatment;
  if (result.interval.lo > 0) result.winner = Winner::baseline;
  return result;
}

std::optional<double> crossing(const Comparison& comparison) {
  const double slope = comparison.treatment.b - comparison.baseline.b;
  if (slope == 0) return std::nullopt;
  const double log_x = std::log(comparison.treatment.a / comparison.baseline.a) / slope;
  const double lowest = std::min(comparison.treatment_range.lo, comparison.baseline_range.lo);
  const double highest = std::max(comparison.treatment_range.hi, comparison.baseline_range.hi);
  const double bound = std::log(1e12);
  if (log_x < std::log(lowest) - bound || log_x > std::log(highest) + bound) return std::nullopt;
  return std::exp(log_x);
}

double equal_loss_cost_factor(const Comparison& comparison, double x) {
  const double treatment = loss_at(comparison.treatment, x), baseline = loss_at(comparison.baseline, x);
  const PowerLaw& worse = treatment > baseline ? comparison.treatment : comparison.baseline;
  return x_at(worse, std::min(treatment, baseline)) / x;
}

double extrapolation(const Interval& range, double x) { return x / range.hi; }
bool inside(const Interval& range, double x) { return x >= range.lo && x <= range.hi; }

}  // namespace mobasim
