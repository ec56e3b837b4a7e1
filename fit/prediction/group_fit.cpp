#include "fit/prediction/group_fit.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "fit/interval/profile.h"
#include "sim/base/error.h"

namespace mobasim {
namespace {

constexpr std::int64_t kFewestResampled = 8;

// Natural parameter `index` of other coordinates about the same centre.
double natural_of(const LawFit& fit, std::size_t index, const Coordinates& at) {
  return natural_parameters(shape(fit.law), at, fit.centre)[index];
}

void add_intervals(GroupFit& group) {
  Estimate& estimate = group.estimate;
  const std::vector<Interval> delta = delta_intervals(estimate.fit, estimate.uncertainty);
  const bool profiled = estimate.interval_method == "profile";
  // Of few runs the outermost resamples are all that a 95% interval can read; then the other methods count.
  const bool counts =
      group.bootstrap && (estimate.fit.clusters >= kFewestResampled || estimate.interval_method.empty());
  for (std::size_t j = 0; j < delta.size(); ++j) {
    ParameterInterval one;
    one.delta = delta[j];
    if (profiled) one.profile = estimate.intervals[j];
    if (group.bootstrap) {
      const auto parameter = [&](const Coordinates& at) { return natural_of(estimate.fit, j, at); };
      one.bootstrap = bootstrap_interval(*group.bootstrap, estimate.fit, parameter);
      // Where the best floor is zero resamples tell too little of it (bootstrap.h).
      const bool at_zero = j == 0 && estimate.fit.floor_at_zero;
      if (at_zero) one.profile = profile_interval(estimate.fit, group.data, estimate.uncertainty, j);
      if (counts) estimate.intervals[j] = at_zero ? one.profile : one.bootstrap->bca;
    }
    group.intervals.push_back(one);
  }
  if (!counts) return;
  const bool zero_inside = !(estimate.intervals[0].lo > 0);
  if (estimate.floor_status == FloorStatus::identified && zero_inside) {
    estimate.floor_status = FloorStatus::not_identified;  // the profile alone would have excluded zero
  }
  if (estimate.floor_status == FloorStatus::not_identified && !zero_inside && estimate.fit.loss.huber_delta) {
    estimate.floor_status = FloorStatus::identified;  // under Huber's loss resamples know better than the curvature
  }
  estimate.interval_method = estimate.fit.floor_at_zero ? "bca, floor profile" : "bca";
}

void add_bootstrap(GroupFit& group, const GroupFitOptions& options) {
  BootstrapOptions bootstrap;
  bootstrap.resamples = options.resamples;
  bootstrap.seed = options.seed;
  bootstrap.threads = options.threads;
  bootstrap.progress = options.progress;
  group.bootstrap = bootstrapped(group.estimate.fit, group.data, bootstrap);
}

// The same points under the law that differs by a floor, or by the outer exponent: what lies between the two is what
// the choice of the law decides.
std::optional<LawFit> other_fit(const FitData& data, const GroupFitOptions& options) {
  const std::map<std::string_view, LossLaw> others = {{PowerLaw::kName, FlooredPowerLaw{}},
                                                      {FlooredPowerLaw::kName, PowerLaw{}},
                                                      {ChinchillaLaw::kName, OuterChinchillaLaw{}},
                                                      {OuterChinchillaLaw::kName, ChinchillaLaw{}}};
  const auto found = others.find(name(options.law));
  if (found == others.end()) return std::nullopt;
  try {
    return fitted(found->second, data, options.loss, "the other law");
  } catch (const ConfigError&) {
    return std::nullopt;  // too few points for it
  }
}

std::vector<double> reference_of(const GroupFit& group) {
  const GroupFit::Projected* farthest = nullptr;
  for (const GroupFit::Projected& one : group.projected) {
    if (farthest == nullptr || one.prediction.extrapolation > farthest->prediction.extrapolation) farthest = &one;
  }
  return farthest != nullptr && farthest->prediction.extrapolation > 1 ? farthest->target.x
                                                                       : ten_times_further(group.estimate.fit);
}

}  // namespace

std::optional<double> resampled_error(const GroupFit& group, const std::vector<double>& x) {
  if (!group.bootstrap) return std::nullopt;
  const Inputs log_x = logarithms(x);
  const LawFit& fit = group.estimate.fit;
  const auto value = [&](const Coordinates& at) { return log_predicted(fit, at, log_x); };
  const double error = bootstrap_interval(*group.bootstrap, fit, value).standard_error;
  return std::isfinite(error) ? std::optional(error) : std::nullopt;
}

GroupFit group_fit(const std::vector<std::string>& key, const std::string& name, FitData data,
                   const std::vector<Target>& targets, const GroupFitOptions& options,
                   const std::optional<PairedArms>& arms) {
  GroupFit group;
  group.key = key;
  group.name = name;
  group.data = std::move(data);
  options.progress.step("fit");
  group.estimate = estimated(options.law, group.data, options.loss, name);
  if (arms) group.unpaired = unpaired_comparison(arms->a, arms->b, options.loss, name);
  if (options.resamples > 0) add_bootstrap(group, options);
  add_intervals(group);
  if (options.backtest || options.diagnostics || !targets.empty() || !options.target_losses.empty()) {
    options.progress.step("back-test");
    group.backtest = backtested(options.law, group.data, options.loss, options.progress);
  }
  const std::optional<LawFit> other = targets.empty() ? std::nullopt : other_fit(group.data, options);
  if (other) group.other_law = mobasim::name(other->law);
  for (const Target& target : targets) {
    const auto prediction = predicted(group.estimate, *group.backtest, target.x, resampled_error(group, target.x));
    group.projected.push_back({target, prediction, other ? std::optional(predicted(*other, target.x)) : std::nullopt});
  }
  const MeanError mean_error = [&](const std::vector<double>& x) { return resampled_error(group, x); };
  for (const double loss : options.target_losses) {
    group.target_losses.push_back(target_loss(group.estimate, *group.backtest, loss, mean_error));
  }
  group.reference = reference_of(group);
  if (!options.diagnostics) return group;
  options.progress.step("diagnostics");
  const LawFit& fit = group.estimate.fit;
  group.outliers = outliers(fit, group.data);
  group.left_out = leave_one_out(fit, group.data, group.reference, options.progress);
  group.alternatives = alternatives(fit, group.data, group.reference, options.progress);
  group.deltas = delta_sweep(fit, group.data, group.reference, options.progress);
  return group;
}

}  // namespace mobasim
