#include "fit/prediction/diagnostics.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"

namespace mobasim {
namespace {

constexpr double kOutlierDeviations = 3.5;
constexpr double kRounding = 1e-12;  // of log y: points without scatter stand apart by this and less

double median(std::vector<double> values) {
  const std::size_t middle = values.size() / 2;
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(middle));
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle] + *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle))) / 2;
}

// The points by parameters times tokens alone.
FitData by_product(FitData data) {
  for (Inputs& log_x : data.log_x) log_x = {log_x[0] + log_x[1], 0};
  return data;
}

Alternative alternative(const LossLaw& law, const std::string& name, const FitData& data, const ResidualLoss& loss,
                        const std::vector<double>& reference, const Progress& progress) {
  Alternative result;
  result.name = name;
  result.coordinates = shape(law).coordinates();
  try {
    const LawFit fit = fitted(law, data, loss, name);
    result.objective = fit.objective;
    result.aicc = aicc(fit.objective, result.coordinates, data, loss);
    result.value = predicted(fit, reference);
    result.backtest = backtested(law, data, loss, progress);
  } catch (const ConfigError& error) {
    result.refused = error.what();
  }
  return result;
}

}  // namespace

std::vector<Outlier> outliers(const LawFit& fit, const FitData& data) {
  std::vector<double> residuals;
  for (std::size_t i = 0; i < data.points(); ++i) {
    residuals.push_back(data.log_y[i] - log_predicted(fit, fit.at, data.log_x[i]));
  }
  const double middle = median(residuals);
  std::vector<double> distances;
  for (const double r : residuals) distances.push_back(std::abs(r - middle));
  const double deviation = 1.4826 * median(distances);
  std::vector<Outlier> result;
  for (std::size_t i = 0; i < residuals.size() && deviation > 0; ++i) {
    const double distance = std::abs(residuals[i] - middle), deviations = distance / deviation;
    if (deviations > kOutlierDeviations && distance > kRounding) result.push_back({i, residuals[i], deviations});
  }
  std::ranges::stable_sort(result, std::greater{}, &Outlier::deviations);
  return result;
}

std::vector<LeftOut> leave_one_out(const LawFit& fit, const FitData& data, const std::vector<double>& reference,
                                   const Progress& progress) {
  std::vector<LeftOut> result;
  if (data.clusters() > kMostLeftOut) return result;
  const LawShape form = shape(fit.law);
  for (std::size_t cluster = 0; cluster < data.clusters(); ++cluster) {
    progress.check();
    std::vector<double> times(data.clusters(), 1);
    times[cluster] = 0;
    LeftOut one;
    one.cluster = cluster;
    if (const auto at = refitted(fit, Objective(form, data, fit.loss, fit.centre, times))) {
      one.parameters = natural_parameters(form, *at, fit.centre);
      one.value = std::exp(log_predicted(fit, *at, logarithms(reference)));
    }
    result.push_back(std::move(one));
  }
  return result;
}

std::vector<Alternative> alternatives(const LawFit& fit, const FitData& data, const std::vector<double>& reference,
                                      const Progress& progress) {
  std::vector<LossLaw> laws = {PowerLaw{}, FlooredPowerLaw{}};
  if (shape(fit.law).inputs == 2) laws = {ChinchillaLaw{}, OuterChinchillaLaw{}};
  if (std::holds_alternative<PairedLaw>(fit.law)) laws = {fit.law};
  std::vector<Alternative> result;
  for (const LossLaw& law : laws) {
    result.push_back(alternative(law, std::string(name(law)), data, fit.loss, reference, progress));
  }
  if (shape(fit.law).inputs == 2) {
    result.push_back(alternative(FlooredPowerLaw{}, "p3 of parameters x tokens", by_product(data), fit.loss,
                                 {reference[0] * reference[1]}, progress));
  }
  return result;
}

std::optional<double> aicc(double objective, std::size_t coordinates, const FitData& data, const ResidualLoss& loss) {
  const double n = static_cast<double>(data.points()), k = static_cast<double>(coordinates) + 1;
  if (loss.huber_delta || data.clustered() || n <= k + 1 || !(objective > 0)) return std::nullopt;
  return n * std::log(2 * objective / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1);
}

std::vector<DeltaRow> delta_sweep(const LawFit& fit, const FitData& data, const std::vector<double>& reference,
                                  const Progress& progress) {
  std::vector<DeltaRow> result;
  for (const double delta : {0.0, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4}) {
    progress.check();
    ResidualLoss loss;
    if (delta > 0) loss.huber_delta = delta;
    const LawFit other = fitted(fit.law, data, loss, "delta sweep");
    result.push_back({loss, parameters(other.law), predicted(other, reference)});
  }
  return result;
}

std::vector<double> ten_times_further(const LawFit& fit) {
  const std::size_t inputs = shape(fit.law).inputs;
  if (inputs == 1) return {10 * fit.range[0].hi};
  // Parameters and tokens at the largest compute may not be the largest of each: both grow from the largest product in
  // the proportion of their largest values.
  const double grow = std::sqrt(10 * fit.product_range.hi / (fit.range[0].hi * fit.range[1].hi));
  return {grow * fit.range[0].hi, grow * fit.range[1].hi};
}

}  // namespace mobasim
