// Everything that is found out about one group of points: what `mobasim fit` prints, and what its report tells.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fit/data/targets.h"
#include "fit/interval/bootstrap.h"
#include "fit/interval/estimate.h"
#include "fit/interval/unpaired.h"
#include "fit/prediction/backtest.h"
#include "fit/prediction/diagnostics.h"
#include "fit/prediction/prediction.h"
#include "fit/prediction/target_loss.h"
#include "sim/base/progress.h"

namespace mobasim {

struct GroupFitOptions {
  LossLaw law;  // its kind
  ResidualLoss loss;
  std::int64_t resamples = 0;  // of the bootstrap; 0: none
  std::uint64_t seed = 1;
  int threads = 1;
  bool backtest = false;     // also where nothing is projected
  bool diagnostics = false;  // outliers, leave-one-out, other laws and losses
  std::vector<double> target_losses;
  Progress progress;  // asked often whether to stop
};

struct ParameterInterval {
  Interval delta, profile;  // everything where not computed
  std::optional<BootstrapInterval> bootstrap;
};

struct GroupFit {
  std::vector<std::string> key;  // values of the by columns
  std::string name;              // of the group, for people
  FitData data;
  Estimate estimate;                         // with the intervals that count: of the bootstrap (BCa) where there is one
  std::vector<ParameterInterval> intervals;  // by every method, of the natural parameters
  std::optional<Bootstrap> bootstrap;
  std::optional<Backtest> backtest;
  std::optional<Unpaired> unpaired;  // of a paired law: its arms compared without pairing

  struct Projected {
    Target target;
    Prediction prediction;
    std::optional<double> other;  // what the other law says there
  };
  std::vector<Projected> projected;
  std::string other_law;  // beside which projections are shown: p3 for p2 and back, with and without an outer exponent
  std::vector<TargetLoss> target_losses;

  // Where laws are compared: the farthest target, else ten_times_further().
  std::vector<double> reference;
  std::vector<Outlier> outliers;
  std::vector<LeftOut> left_out;
  std::vector<Alternative> alternatives;
  std::vector<DeltaRow> deltas;
};

// Standard error of log y at x over the resamples; nothing where there are none or they do not determine it.
[[nodiscard]] std::optional<double> resampled_error(const GroupFit& group, const std::vector<double>& x);

// The arms of a paired law, each by itself.
struct PairedArms {
  FitData a, b;
};

// Throws ConfigError like fitted(), and Stopped.
[[nodiscard]] GroupFit group_fit(const std::vector<std::string>& key, const std::string& name, FitData data,
                                 const std::vector<Target>& targets, const GroupFitOptions& options,
                                 const std::optional<PairedArms>& arms = std::nullopt);

}  // namespace mobasim
