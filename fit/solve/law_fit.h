// A law fitted to points: the minimum, how surely it is the global one, and what of it the data do not determine.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fit/data/fit_data.h"
#include "fit/interval/interval.h"
#include "fit/loss_law.h"
#include "fit/solve/objective.h"

namespace mobasim {

struct LawFit {
  LossLaw law;              // with its natural parameters
  ResidualLoss loss;        // what was minimised
  Coordinates at{};         // the minimum; log floor is -infinity where the floor came out at zero
  Inputs centre{};          // of log x, that the coordinates are about
  double objective = 0;     // the sum (objective.h) at the minimum
  std::int64_t points = 0;  // n
  std::int64_t clusters = 0;
  std::array<Interval, kMostInputs> range{};  // of each x
  Interval product_range{};                   // of two inputs, for extrapolation()
  std::int64_t starts = 0, hits = 0;          // local searches, and how many of them ended in the minimum
  double solvers_apart = 0;                   // |F by Levenberg-Marquardt - F by BFGS| / F
  bool floor_at_zero = false;                 // the law has a floor and the best one is 0
  std::vector<std::string> degenerate;  // what of the law came out as not there, or cannot be told apart, in words
};

// Throws ConfigError (naming `what`, the group) for data that cannot determine the law: too few points, one x only.
[[nodiscard]] LawFit fitted(const LossLaw& kind, const FitData& data, const ResidualLoss& loss,
                            const std::string& what);
// The minimum near that of `fit`, for other points or multiplicities of clusters; nothing where the points do not
// determine the law. Same centre.
[[nodiscard]] std::optional<Coordinates> refitted(const LawFit& fit, const Objective& objective);

[[nodiscard]] double predicted(const LawFit& fit, const std::vector<double>& x);
// The law with its slopes at log x, and its log alone, for any coordinates about the fit's centre.
[[nodiscard]] LawValue law_at(const LawFit& fit, const Coordinates& at, const Inputs& log_x);
[[nodiscard]] double log_predicted(const LawFit& fit, const Coordinates& at, const Inputs& log_x);
// How far x lies beyond what was fitted: x / the largest x fitted; of two inputs the largest of N/N_max, D/D_max and
// ND/(ND)_max. Up to 1 inside the data. A83
[[nodiscard]] double extrapolation(const LawFit& fit, const std::vector<double>& x);

}  // namespace mobasim
