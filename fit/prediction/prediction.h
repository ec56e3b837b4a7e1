// What a law says where nobody has been, and how sure that is: the band holds the scatter of one more run, what is
// uncertain about the parameters, and how wrong the law has been when it reached as far before.
#pragma once

#include <optional>
#include <vector>

#include "fit/interval/estimate.h"
#include "fit/prediction/backtest.h"

namespace mobasim {

// Beyond these a prediction is to be read with care, and is no more than a guess.
inline constexpr double kWarnedExtrapolation = 3, kExtrapolated = 10;

struct Prediction {
  double value = 0;          // of the law
  Interval mean;             // 95%, of the law itself
  Interval band;             // 95%, of one more observation, back-test included where there is one
  double extrapolation = 1;  // as in law_fit.h; below 1 inside the data
};

// Half the band's width in log y is sqrt((t s)^2 + (2 rate ln extrapolation)^2): s^2 = variance of the law there +
// scatter of a run and of its points, rate that of the back-test (without one, the first part alone). `mean_error`
// replaces the delta method's standard error of log y there (from a bootstrap). Bands are everything where nothing is
// determined.
[[nodiscard]] Prediction predicted(const Estimate& estimate, const Backtest& backtest, const std::vector<double>& x,
                                   const std::optional<double>& mean_error = std::nullopt);

}  // namespace mobasim
