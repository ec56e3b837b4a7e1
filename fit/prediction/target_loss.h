// The inverse question: from which compute on does a law reach a loss, and how sure is that?
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fit/prediction/prediction.h"

namespace mobasim {

struct TargetLoss {
  double loss = 0;
  // Where the law itself reaches it: compute, or the parameters and tokens that do with the least of their product
  // (Hoffmann et al. 2022, eq. 4). Empty where it never does.
  std::vector<double> x;
  double product = 0;  // x, or parameters times tokens; infinite where the law never reaches the loss
  Interval interval;   // 95%, of the product: where the ends of the prediction's band reach the loss; infinite: never
  double extrapolation = 0;
  std::string unreached;  // why the law itself never does, in words
};

// As in predicted(): the standard error of log y at x where it is known better than by the delta method.
using MeanError = std::function<std::optional<double>(const std::vector<double>& x)>;
[[nodiscard]] TargetLoss target_loss(const Estimate& estimate, const Backtest& backtest, double loss,
                                     const MeanError& mean_error = nullptr);

// What a law of parameters and tokens is asked along: the pair of this product with the least loss. Infinite or zero
// where a term is not there or does not fall.
[[nodiscard]] std::vector<double> best_split(const LawFit& fit, double product);

}  // namespace mobasim
