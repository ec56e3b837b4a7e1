#include "fit/interval/profile.h"

#include <algorithm>
#include <cmath>

#include "fit/interval/distributions.h"
#include "fit/solve/newton.h"

namespace mobasim {
namespace {

constexpr double kFarthest = 64;  // steps of one delta half-width beyond which an end is open
constexpr int kMostEvaluations = 60;
constexpr double kFine = 1e-7;     // of the distance to the estimate, to which an end is found
constexpr double kNoFloor = 1e-7;  // of the loss: a floor that no point tells from 0
constexpr double kKappaLeast = 1e-300;

// The objective with one linear combination of coordinates held, minimised over the rest.
class Profile {
 public:
  Profile(const LawFit& fit, const Objective& objective, const Coordinates& slopes)
      : objective_(objective), slopes_(slopes), at_(fit.at) {
    const Directions free = free_directions(objective.shape(), fit.at);
    for (const Coordinates& direction : free) {
      const std::size_t j = index(direction);
      if (std::abs(slopes_[j]) > std::abs(slopes_[pivot_])) pivot_ = j;
    }
    for (const Coordinates& direction : free) {
      const std::size_t j = index(direction);
      if (j == pivot_) continue;
      directions_.push_back(direction);
      directions_.back()[pivot_] = -slopes_[j] / slopes_[pivot_];
    }
  }

  // The least F where the combination has this value. The search starts from the last place where F was at most `most`:
  // nearby values in turn are quick, and what went astray outside is forgotten.
  double least(double value, double most) {
    Coordinates at = at_;
    at[pivot_] += (value - along(slopes_, at)) / slopes_[pivot_];
    const LocalMinimum minimum = newton_minimum(objective_, at, directions_);
    if (minimum.value <= most) at_ = minimum.at;
    return minimum.value;
  }

 private:
  static std::size_t index(const Coordinates& direction) {
    return static_cast<std::size_t>(std::ranges::find(direction, 1.0) - direction.begin());
  }
  const Objective& objective_;
  Coordinates slopes_;
  Coordinates at_;
  std::size_t pivot_ = 0;
  Directions directions_;
};

// Where F first exceeds `most` on the way from `from` in steps of `step` (signed), at most to `farthest`; infinite
// where it never does. `lowest` is F at the minimum: about it F is near to a parabola, so that its rise's root is near
// to a line, which false position (with the Illinois rule, and a bisection now and then) follows in few evaluations.
double crossing(Profile& profile, double from, double step, double farthest, double lowest, double most) {
  const double wanted = std::sqrt(most - lowest);
  const auto over = [&](double f) { return std::isfinite(f) ? std::sqrt(std::max(0.0, f - lowest)) - wanted : wanted; };
  double inside = from, outside = from, under = -wanted, above = wanted;
  for (double width = step;; width *= 1.5) {
    outside = inside + width;
    const bool last = std::abs(outside - from) >= std::abs(farthest - from);
    if (last) outside = farthest;
    const double f = profile.least(outside, most);
    if (!(f <= most)) {
      above = over(f);
      break;
    }
    if (last) return step > 0 ? INFINITY : -INFINITY;
    inside = outside;
    under = over(f);
  }
  bool was_inside = false, was_outside = false;  // at the last evaluation
  for (int i = 1; i <= kMostEvaluations && std::abs(outside - inside) > kFine * std::abs(outside - from); ++i) {
    const double share = i % 4 == 0 ? 0.5 : std::clamp(under / (under - above), 0.001, 0.999);
    const double middle = inside + share * (outside - inside);
    const double f = profile.least(middle, most), difference = over(f);
    if (std::abs(difference) <= kFine * wanted) return middle;
    if (f <= most) {
      inside = middle;
      under = difference;
      if (was_inside) above /= 2;
    } else {
      outside = middle;
      above = difference;
      if (was_outside) under /= 2;
    }
    was_inside = f <= most;
    was_outside = !was_inside;
  }
  return (inside + outside) / 2;
}

// The squared standard error over what the curvature alone would give it.
double kappa(const Uncertainty& uncertainty, const Coordinates& slopes) {
  double curvature = 0;
  for (std::size_t j = 0; j < kMostCoordinates; ++j) {
    curvature += slopes[j] * along(uncertainty.inverse_curvature[j], slopes);
  }
  const double error = standard_error(uncertainty, slopes);
  return curvature > 0 ? std::max(kKappaLeast, error * error / curvature) : kKappaLeast;
}

double lowest_log_y(const Objective& objective) {
  double lowest = INFINITY;
  for (std::size_t i = 0; i < objective.points(); ++i) lowest = std::min(lowest, objective.log_y(i));
  return lowest;
}

// The floor of a fit whose best one is zero: from 0 up to where F has risen too far.
Interval floor_from_zero(const LawFit& fit, const Objective& objective, const Uncertainty& uncertainty, double t) {
  Coordinates height{};
  height[objective.shape().height(0)] = 1;
  const double most = fit.objective + t * t * kappa(uncertainty, height) / 2;
  Coordinates slopes{};
  slopes[0] = 1;
  LawFit raised = fit;
  const double top = lowest_log_y(objective) + std::log(0.999);
  raised.at[0] = top + std::log(1e-3);
  Profile profile(raised, objective, slopes);
  const double hi = profile.least(raised.at[0], most) > most
                        ? raised.at[0]
                        : crossing(profile, raised.at[0], 0.5, top, fit.objective, most);
  return {0, std::exp(std::isinf(hi) ? top : hi)};
}

}  // namespace

Interval profile_interval(const LawFit& fit, const FitData& data, const Uncertainty& uncertainty,
                          std::size_t parameter) {
  if (!determined(uncertainty)) return {};
  const LawShape form = shape(fit.law);
  const Objective objective(form, data, fit.loss, fit.centre);
  const double t = t_quantile_95(uncertainty.degrees_of_freedom);
  const bool floor = form.floor && parameter == 0;
  if (floor && fit.floor_at_zero) return floor_from_zero(fit, objective, uncertainty, t);
  const NaturalParameter natural = natural_parameter(fit, parameter);
  const double estimate = along(natural.slopes, fit.at);
  if (std::isinf(estimate)) return {};
  const double half = t * standard_error(uncertainty, natural.slopes);
  if (half == 0) return {natural.of(estimate), natural.of(estimate)};
  const double most = fit.objective + t * t * kappa(uncertainty, natural.slopes) / 2;
  const double step = std::min(half, 1.0) / 2;

  Interval ends;
  for (const double sign : {-1.0, 1.0}) {
    Profile profile(fit, objective, natural.slopes);
    double farthest = estimate + sign * kFarthest * std::max(half, step);
    if (floor) farthest = lowest_log_y(objective) + (sign < 0 ? std::log(kNoFloor) : std::log(0.9999));
    const bool reachable = sign * (farthest - estimate) > 0;
    (sign < 0 ? ends.lo : ends.hi) =
        reachable ? crossing(profile, estimate, sign * step, farthest, fit.objective, most) : sign * INFINITY;
  }
  // A floor that only the smallest loss bounds is bounded by it.
  if (floor && std::isinf(ends.hi)) ends.hi = lowest_log_y(objective);
  return {natural.of(ends.lo), natural.of(ends.hi)};
}

}  // namespace mobasim
