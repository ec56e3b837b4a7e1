#include "fit/study/comparison.h"

#include <algorithm>
#include <cmath>

#include "fit/interval/distributions.h"

namespace mobasim {
namespace {

RunMean run_mean(const std::vector<std::string>& key, const std::vector<Point>& points) {
  RunMean mean;
  mean.key = key;
  mean.points = static_cast<double>(points.size());
  for (const Point& point : points) {
    mean.log_x += std::log(point.x) / mean.points;
    mean.log_loss += std::log(point.loss) / mean.points;
  }
  return mean;
}

ComparedArm compared_arm(const RunGroup& group, const LawFit& fit, const PointRule& rule) {
  ComparedArm arm;
  arm.law = std::get<PowerLaw>(fit.law);
  arm.range = fit.range[0];
  for (const TrainingRun& run : group.runs) arm.runs.push_back(run_mean(run.key, chosen_points(run, rule)));
  for (const RunMean& run : arm.runs) arm.points += run.points;
  for (const RunMean& run : arm.runs) arm.centre += run.points * run.log_x / arm.points;
  for (std::size_t g = 0; g < arm.runs.size(); ++g) {
    RunMean& run = arm.runs[g];
    run.residual = run.log_loss - std::log(loss_at(arm.law, std::exp(run.log_x)));
    for (const Point& point : chosen_points(group.runs[g], rule)) {
      const double from_centre = std::log(point.x) - arm.centre;
      const double residual = std::log(point.loss / loss_at(arm.law, point.x));
      arm.spread += from_centre * from_centre;
      run.within += from_centre * (residual - run.residual);
    }
  }
  return arm;
}

// The least-squares line at log_x is linear in the points' log losses; these are its weights summed over each run.
std::vector<double> weights_at(const ComparedArm& arm, double log_x) {
  std::vector<double> weights;
  for (const RunMean& run : arm.runs) {
    weights.push_back(run.points * (1 / arm.points + (log_x - arm.centre) * (run.log_x - arm.centre) / arm.spread));
  }
  return weights;
}

// I - H, where H takes the offsets of runs to what the fitted line makes of them.
std::vector<std::vector<double>> residual_matrix(const ComparedArm& arm) {
  std::vector<std::vector<double>> matrix;
  for (std::size_t g = 0; g < arm.runs.size(); ++g) {
    std::vector<double> row = weights_at(arm, arm.runs[g].log_x);
    for (std::size_t h = 0; h < row.size(); ++h) row[h] = (g == h ? 1.0 : 0.0) - row[h];
    matrix.push_back(std::move(row));
  }
  return matrix;
}

// For each run of a the index of b's run with the same key, or b's number of runs.
std::vector<std::size_t> partners(const ComparedArm& a, const ComparedArm& b) {
  std::vector<std::size_t> result;
  for (const RunMean& run : a.runs) {
    const auto found =
        std::find_if(b.runs.begin(), b.runs.end(), [&](const RunMean& other) { return other.key == run.key; });
    result.push_back(static_cast<std::size_t>(found - b.runs.begin()));
  }
  return result;
}

// The (co)variance of run offsets from residuals e = M u: E[sum e_a e_b] = covariance * sum_gh M_a,gh M_b,gh over
// pairs, which makes the estimate unbiased also where runs have unequal numbers of points.
double offset_covariance(const ComparedArm& a, const ComparedArm& b) {
  const auto matrix_a = residual_matrix(a), matrix_b = residual_matrix(b);
  const std::vector<std::size_t> partner = partners(a, b);
  double products = 0, expected = 0;
  for (std::size_t g = 0; g < a.runs.size(); ++g) {
    if (partner[g] == b.runs.size()) continue;
    products += a.runs[g].residual * b.runs[partner[g]].residual;
    for (std::size_t h = 0; h < a.runs.size(); ++h) {
      if (partner[h] != b.runs.size()) expected += matrix_a[g][h] * matrix_b[partner[g]][partner[h]];
    }
  }
  return expected > 1e-9 ? products / expected : 0;
}

// A run's share in the line at log_x of what varies within it.
double within_share(const ComparedArm& arm, std::size_t run, double log_x) {
  return (log_x - arm.centre) / arm.spread * arm.runs[run].within;
}

// The variance of log L_treatment - log L_baseline at log_x: offsets of runs, correlated within a pair, and what varies
// within runs as it was found (docs/method/projection.md, "Comparison").
double variance_at(const Comparison& comparison, double log_x) {
  const ComparedArm &treatment = comparison.treatment, &baseline = comparison.baseline;
  const std::vector<double> of_treatment = weights_at(treatment, log_x), of_baseline = weights_at(baseline, log_x);
  const std::vector<std::size_t> partner = partners(treatment, baseline);
  double variance = 0, within = 0;
  for (const double weight : of_baseline) variance += weight * weight * baseline.variance;
  for (std::size_t g = 0; g < of_treatment.size(); ++g) {
    variance += of_treatment[g] * of_treatment[g] * treatment.variance;
    double share = within_share(treatment, g, log_x);
    if (partner[g] < baseline.runs.size()) {
      variance -= 2 * of_treatment[g] * of_baseline[partner[g]] * comparison.covariance;
      share -= within_share(baseline, partner[g], log_x);
    }
    within += share * share;
  }
  const double runs = static_cast<double>(treatment.runs.size());
  return std::max(0.0, variance) + within * runs / (runs - 1);
}

}  // namespace

Comparison comparison(const RunGroup& treatment, const LawFit& treatment_fit, const RunGroup& baseline,
                      const LawFit& baseline_fit, const PointRule& rule) {
  Comparison result;
  result.treatment = compared_arm(treatment, treatment_fit, rule);
  result.baseline = compared_arm(baseline, baseline_fit, rule);
  result.treatment.variance = offset_covariance(result.treatment, result.treatment);
  result.baseline.variance = offset_covariance(result.baseline, result.baseline);
  result.covariance = offset_covariance(result.treatment, result.baseline);
  const std::size_t runs = std::min(result.treatment.runs.size(), result.baseline.runs.size());
  result.degrees_of_freedom = static_cast<double>(runs) - 2;
  return result;
}

LossRatio loss_ratio_at(const Comparison& comparison, double x) {
  LossRatio result;
  result.log_ratio = std::log(loss_at(comparison.treatment.law, x) / loss_at(comparison.baseline.law, x));
  const double half = t_quantile_95(comparison.degrees_of_freedom) * std::sqrt(variance_at(comparison, std::log(x)));
  result.interval = {result.log_ratio - half, result.log_ratio + half};
  if (result.interval.hi < 0) result.winner = Winner::treatment;
  if (result.interval.lo > 0) result.winner = Winner::baseline;
  return result;
}

std::optional<double> crossing(const Comparison& comparison) {
  const PowerLaw &treatment = comparison.treatment.law, &baseline = comparison.baseline.law;
  const double slope = treatment.b - baseline.b;
  if (slope == 0) return std::nullopt;
  const double log_x = std::log(treatment.a / baseline.a) / slope;
  const double lowest = std::log(std::min(comparison.treatment.range.lo, comparison.baseline.range.lo));
  const double highest = std::log(std::max(comparison.treatment.range.hi, comparison.baseline.range.hi));
  const double far = std::log(1e12);
  if (log_x < lowest - far || log_x > highest + far) return std::nullopt;
  return std::exp(log_x);
}

double equal_loss_cost_factor(const Comparison& comparison, double x) {
  const PowerLaw &treatment = comparison.treatment.law, &baseline = comparison.baseline.law;
  const double of_treatment = loss_at(treatment, x), of_baseline = loss_at(baseline, x);
  return x_at(of_treatment > of_baseline ? treatment : baseline, std::min(of_treatment, of_baseline)) / x;
}

Interval common_range(const Comparison& comparison) {
  return {std::max(comparison.treatment.range.lo, comparison.baseline.range.lo),
          std::min(comparison.treatment.range.hi, comparison.baseline.range.hi)};
}

double extrapolation(const ComparedArm& arm, double x) { return x / arm.range.hi; }
bool inside(const Interval& range, double x) { return x >= range.lo && x <= range.hi; }

}  // namespace mobasim
