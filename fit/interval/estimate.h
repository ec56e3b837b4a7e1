// A fit with how sure it is: what every command prints of a law.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fit/interval/uncertainty.h"

namespace mobasim {

enum class FloorStatus {
  none,            // the law has no floor
  identified,      // the data are at odds with a floor of zero
  not_identified,  // a floor of zero is inside the interval, or nothing determines one
  at_zero          // the best floor is zero
};
[[nodiscard]] std::string_view name(FloorStatus status);  // "", "identified", "not identified", "at zero"

struct Estimate {
  LawFit fit;
  Uncertainty uncertainty;
  std::vector<Interval> intervals;  // 95%, of the natural parameters in their order
  std::string interval_method;      // "t", "profile", "" where nothing is determined
  FloorStatus floor_status = FloorStatus::none;
};

// Intervals: for squares, profile likelihood (which for laws without a floor and with one input is estimate +- t se);
// under Huber's loss none, because its curvature says little: resample (bootstrap.h).
// Throws ConfigError like fitted().
[[nodiscard]] Estimate estimated(const LossLaw& kind, const FitData& data, const ResidualLoss& loss,
                                 const std::string& what);

}  // namespace mobasim
