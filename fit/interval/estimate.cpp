#include "fit/interval/estimate.h"

#include "fit/interval/profile.h"

namespace mobasim {
namespace {

constexpr std::size_t kManyClusters = 50000;

FloorStatus floor_status(const Estimate& estimate, const FitData& data) {
  const LawFit& fit = estimate.fit;
  if (!shape(fit.law).floor) return FloorStatus::none;
  if (fit.floor_at_zero) return FloorStatus::at_zero;
  const bool known = !estimate.interval_method.empty();
  const Interval interval = known ? estimate.intervals[0] : profile_interval(fit, data, estimate.uncertainty, 0);
  return determined(estimate.uncertainty) && interval.lo > 0 ? FloorStatus::identified : FloorStatus::not_identified;
}

}  // namespace

std::string_view name(FloorStatus status) {
  switch (status) {
    case FloorStatus::none:
      return "";
    case FloorStatus::identified:
      return "identified";
    case FloorStatus::not_identified:
      return "not identified";
    case FloorStatus::at_zero:
      return "at zero";
  }
  return "";
}

Estimate estimated(const LossLaw& kind, const FitData& data, const ResidualLoss& loss, const std::string& what) {
  Estimate result;
  result.fit = fitted(kind, data, loss, what);
  result.uncertainty = uncertainty_of(result.fit, data);
  const LawShape form = shape(kind);
  // For a line the profile is estimate +- t se; with so many clusters it is for every law that the data determine.
  const bool line = (!form.floor && form.inputs == 1) || data.clusters() > kManyClusters;
  if (determined(result.uncertainty) && !loss.huber_delta) {
    result.interval_method = line ? "t" : "profile";
    result.intervals = delta_intervals(result.fit, result.uncertainty);
    for (std::size_t j = 0; j < form.coordinates() && !line; ++j) {
      result.intervals[j] = profile_interval(result.fit, data, result.uncertainty, j);
    }
  } else {
    result.intervals.assign(form.coordinates(), Interval{});
  }
  result.floor_status = floor_status(result, data);
  return result;
}

}  // namespace mobasim
