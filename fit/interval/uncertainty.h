// How sure a fit is, from its slopes at the minimum (the delta method), when the points of one training run are not
// independent (docs/method/uncertainty.md).
#pragma once

#include "fit/interval/interval.h"
#include "fit/solve/law_fit.h"

namespace mobasim {

struct Uncertainty {
  CoordinateMatrix covariance{};  // of the fit's coordinates; 0 for those that are held
  // Of the t quantile: clusters - coordinates fitted, whatever the number of points. 0: too few clusters, or parameters
  // that the data do not determine; then nothing else here is.
  double degrees_of_freedom = 0;
  CoordinateMatrix inverse_curvature{};  // of the objective: (sum w psi' x x')^-1, x the slopes of log y
  // Of a point of mean weight, in log y:
  double cluster_variance = 0;  // of the offset that a cluster as a whole has from the law
  double point_variance = 0;    // of a point about its cluster
};

[[nodiscard]] Uncertainty uncertainty_of(const LawFit& fit, const FitData& data);
[[nodiscard]] inline bool determined(const Uncertainty& uncertainty) { return uncertainty.degrees_of_freedom > 0; }

// Standard error of sum_j slopes_j * coordinate_j.
[[nodiscard]] double standard_error(const Uncertainty& uncertainty, const Coordinates& slopes);
// estimate +- t * standard error.
[[nodiscard]] Interval delta_interval(const Uncertainty& uncertainty, double estimate, const Coordinates& slopes);

// A natural parameter as a function of coordinates that is linear up to an exponential: exp(slopes . at) for floors,
// coefficients and the outer exponent, slopes . at for exponents.
struct NaturalParameter {
  Coordinates slopes{};
  bool exponential = false;
  [[nodiscard]] double of(double linear) const;
};
[[nodiscard]] NaturalParameter natural_parameter(const LawFit& fit, std::size_t index);
[[nodiscard]] double along(const Coordinates& slopes, const Coordinates& at);

// 95% intervals of the natural parameters, in their order; everything where nothing is determined.
[[nodiscard]] std::vector<Interval> delta_intervals(const LawFit& fit, const Uncertainty& uncertainty);
// 95% interval of the law's value (the mean, not a new observation) at x.
[[nodiscard]] Interval value_interval(const LawFit& fit, const Uncertainty& uncertainty, const std::vector<double>& x);

}  // namespace mobasim
