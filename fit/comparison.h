// Two arms compared at the same x: the difference of their laws with an interval that knows that the runs are paired.
//
// Both arms of one size saw the same data in the same order, so their deviations from their laws go together; leaving
// that out makes the interval of the difference far too wide (docs/method.md, A62).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fit/fitted.h"
#include "fit/observations.h"

namespace mobasim {

// One run as its chosen points' mean.
struct RunMean {
  std::vector<std::string> key;  // of the run: pairs the arms
  double points = 0;
  double log_x = 0, log_loss = 0;  // means
  double residual = 0;             // log_loss - the arm's law at log_x
};

struct Comparison {
  PowerLaw treatment, baseline;
  std::vector<RunMean> treatment_runs, baseline_runs;
  double treatment_variance = 0, baseline_variance = 0;  // of a run mean's residual
  double covariance = 0;                                 // between the arms' run means of one size
  double degrees_of_freedom = 0;                         // runs - 2
  Interval treatment_range, baseline_range;              // fitted x
};

[[nodiscard]] Comparison comparison(const RunGroup& treatment, const Fitted<PowerLaw>& treatment_fit,
                                    const RunGroup& baseline, const Fitted<PowerLaw>& baseline_fit,
                                    const PointRule& rule);

enum class Winner { treatment, baseline, undecided };

// log(L_treatment / L_baseline) at equal x, and its 95% interval.
struct LossRatio {
  double log_ratio = 0;
  Interval interval;  // of log_ratio
  Winner winner = Winner::undecided;
};
[[nodiscard]] LossRatio loss_ratio_at(const Comparison& comparison, double x);

// The x at which the two laws meet; none when they are parallel or meet beyond any number of interest
// (outside of 1e-12 .. 1e12 times the data).
[[nodiscard]] std::optional<double> crossing(const Comparison& comparison);

// How many times more the arm with the higher loss at x spends to reach the loss that the other reaches with x.
// Infinite when its law never gets there.
[[nodiscard]] double equal_loss_cost_factor(const Comparison& comparison, double x);

// x / the largest x that the arm was fitted at; above 1 the law is extrapolated.
[[nodiscard]] double extrapolation(const Interval& range, double x);
[[nodiscard]] bool inside(const Interval& range, double x);

}  // namespace mobasim
