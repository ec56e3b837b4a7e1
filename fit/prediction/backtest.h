// How wrong a law has been about runs it had not seen: fitted to the smaller ones, asked for the larger ones, from
// every origin that leaves enough of both (rolling-origin evaluation, Tashman 2000). What it was wrong by grows with
// how far it reached, so errors are counted per e-fold of that reach.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fit/solve/law_fit.h"
#include "sim/base/progress.h"

namespace mobasim {

inline constexpr std::int64_t kFewestBacktestClusters = 7;  // fewer leave nothing to fit or nothing to ask for

// One point that a law fitted to the clusters before it was asked for.
struct HeldOut {
  std::int64_t fitted_clusters = 0;
  double extrapolation = 1;  // as in law_fit.h
  double observed = 0, predicted = 0;
  double scatter = 0;  // variance of a point about the law it was predicted by, in log y
  [[nodiscard]] double error() const { return predicted / observed - 1; }
};

struct Backtest {
  std::vector<HeldOut> held_out;
  std::int64_t origins = 0;
  double rate = 0;         // root mean square of log error per e-fold of extrapolation
  double rms_error = 0;    // of all held out, relative
  std::string impossible;  // why there is none, in words; empty where there is one
};

// Clusters in the order of their largest compute (of two inputs: parameters times tokens); those of equal compute stay
// together. An origin is asked at most as many times beyond its largest compute as that is times its smallest. Throws
// Stopped between two fits.
[[nodiscard]] Backtest backtested(const LossLaw& kind, const FitData& data, const ResidualLoss& loss,
                                  const Progress& progress = {});

}  // namespace mobasim
