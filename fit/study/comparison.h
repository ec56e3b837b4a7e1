// Two arms compared at the same x: the difference of their laws with an interval that knows that the runs are paired.
//
// Both arms of one size saw the same data in the same order, so their deviations from their laws go together; leaving
// that out makes the interval of the difference too wide (docs/method/projection.md, A62).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fit/data/observations.h"
#include "fit/interval/estimate.h"

namespace mobasim {

// One run, by its chosen points.
struct RunMean {
  std::vector<std::string> key;  // pairs the arms
  double points = 0;
  double log_x = 0, log_loss = 0;  // means
  double residual = 0;             // log_loss - the arm's law at log_x
  double within = 0;               // sum of (log x - the arm's mean) * (residual of the point - residual of the run)
};

struct ComparedArm {
  PowerLaw law;
  Interval range;  // fitted x
  std::vector<RunMean> runs;
  double points = 0;              // of all runs
  double centre = 0, spread = 0;  // mean of log x over the points, and the sum of squares about it
  double variance = 0;            // of a run's offset from the law
};

struct Comparison {
  ComparedArm treatment, baseline;
  double covariance = 0;          // between the offsets of the two runs of one size
  double degrees_of_freedom = 0;  // runs - 2
};

// The fits are P2 laws of the groups by the same rule. Runs of equal keys are pairs; each arm has at least 3 runs.
[[nodiscard]] Comparison comparison(const RunGroup& treatment, const LawFit& treatment_fit, const RunGroup& baseline,
                                    const LawFit& baseline_fit, const PointRule& rule);

enum class Winner { treatment, baseline, undecided };

// log(L_treatment / L_baseline) at equal x, and its 95% interval.
struct LossRatio {
  double log_ratio = 0;
  Interval interval;  // of log_ratio
  Winner winner = Winner::undecided;
};
[[nodiscard]] LossRatio loss_ratio_at(const Comparison& comparison, double x);

// The x at which the two laws meet; none when they are parallel or meet beyond any x of interest (1e12 times the data
// or more).
[[nodiscard]] std::optional<double> crossing(const Comparison& comparison);

// How many times more the arm with the higher loss at x spends to reach the loss that the other reaches with x.
// Infinite when its law never gets there.
[[nodiscard]] double equal_loss_cost_factor(const Comparison& comparison, double x);

// The x that both arms were fitted at; lo > hi when there is none.
[[nodiscard]] Interval common_range(const Comparison& comparison);
// x / the largest x that an arm was fitted at; above 1 its law is extrapolated.
[[nodiscard]] double extrapolation(const ComparedArm& arm, double x);
[[nodiscard]] bool inside(const Interval& range, double x);

}  // namespace mobasim
