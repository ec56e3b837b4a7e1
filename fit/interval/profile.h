// Profile likelihood: an interval that holds every value of one parameter at which the others can still be chosen so
// that the points are not much worse described. Unlike estimate +- t se it sees that a floor may reach zero, and that
// an exponent is loose on one side only.
#pragma once

#include "fit/interval/uncertainty.h"

namespace mobasim {

// 95% interval of a natural parameter: where 2 (F - F_min) <= t^2 kappa. kappa is the squared standard error over the
// curvature's own, which makes the interval that of the delta method where the objective is a parabola: for squares and
// independent points the mean square of residuals (Bates & Watts 1988, section 6.1), for clustered points or a robust
// loss the adjusted likelihood (Royall & Tsou 2003). A floor's lower end is 0 where a floor of 0 is inside.
// Everything where nothing is determined.
[[nodiscard]] Interval profile_interval(const LawFit& fit, const FitData& data, const Uncertainty& uncertainty,
                                        std::size_t parameter);

}  // namespace mobasim
