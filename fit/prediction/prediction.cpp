#include "fit/prediction/prediction.h"

#include <algorithm>
#include <cmath>

#include "fit/interval/distributions.h"

namespace mobasim {

Prediction predicted(const Estimate& estimate, const Backtest& backtest, const std::vector<double>& x,
                     const std::optional<double>& mean_error) {
  const LawFit& fit = estimate.fit;
  const Uncertainty& uncertainty = estimate.uncertainty;
  Prediction result;
  result.extrapolation = extrapolation(fit, x);
  result.value = predicted(fit, x);
  if (!determined(uncertainty)) {
    result.mean = result.band = {0, INFINITY};
    return result;
  }
  const LawValue law = law_at(fit, fit.at, logarithms(x));
  const double error = mean_error ? *mean_error : standard_error(uncertainty, law.gradient);
  const double t = t_quantile_95(uncertainty.degrees_of_freedom);
  const double scatter = uncertainty.cluster_variance + uncertainty.point_variance;
  const double reach = std::log(std::max(1.0, result.extrapolation));
  const double half = std::hypot(t * std::sqrt(error * error + scatter), 2 * backtest.rate * reach);
  result.mean = {std::exp(law.log_y - t * error), std::exp(law.log_y + t * error)};
  result.band = {std::exp(law.log_y - half), std::exp(law.log_y + half)};
  return result;
}

}  // namespace mobasim
