// What speaks for and against a fit: points that stand apart, how much one run decides, what other laws and other
// losses make of the same points.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fit/prediction/backtest.h"
#include "fit/solve/law_fit.h"
#include "sim/base/progress.h"

namespace mobasim {

// A point whose residual is more than 3.5 robust standard deviations (1.4826 times the median of |r - median|) from the
// residuals' median (Iglewicz & Hoaglin 1993).
struct Outlier {
  std::size_t point = 0;  // in the data
  double residual = 0;    // log y observed - log y of the law
  double deviations = 0;  // in robust standard deviations
};
[[nodiscard]] std::vector<Outlier> outliers(const LawFit& fit, const FitData& data);

// The law without one cluster.
struct LeftOut {
  std::size_t cluster = 0;
  std::vector<double> parameters;  // natural; empty where the others do not determine the law
  double value = 0;                // of the law at the reference x
};
inline constexpr std::size_t kMostLeftOut = 2000;  // with more clusters no single one decides; the list is empty
[[nodiscard]] std::vector<LeftOut> leave_one_out(const LawFit& fit, const FitData& data,
                                                 const std::vector<double>& reference, const Progress& progress = {});

// Another law through the same points: of one input p2 and p3, of two chinchilla, chinchilla-outer and p3 of
// parameters times tokens. The fitted law itself is among them.
struct Alternative {
  std::string name;
  std::string refused;  // why it could not be fitted; else empty
  std::size_t coordinates = 0;
  double objective = 0;
  std::optional<double> aicc;  // see aicc()
  Backtest backtest;
  double value = 0;  // at the reference x
};
[[nodiscard]] std::vector<Alternative> alternatives(const LawFit& fit, const FitData& data,
                                                    const std::vector<double>& reference,
                                                    const Progress& progress = {});

// Akaike's criterion corrected for few points, n log(2 F / n) + 2 k + 2 k (k + 1) / (n - k - 1), k the coordinates and
// the variance (Hurvich & Tsai 1989). None under Huber's loss, which is no likelihood with a variance to fit, none for
// clustered points, which are not n independent ones, and none where n <= k + 1.
[[nodiscard]] std::optional<double> aicc(double objective, std::size_t coordinates, const FitData& data,
                                         const ResidualLoss& loss);

// The same law under other losses: how much hangs on how outliers count.
struct DeltaRow {
  ResidualLoss loss;
  std::vector<double> parameters;
  double value = 0;  // at the reference x
};
[[nodiscard]] std::vector<DeltaRow> delta_sweep(const LawFit& fit, const FitData& data,
                                                const std::vector<double>& reference, const Progress& progress = {});

// Where laws are compared when nothing is projected: every input so many times its largest that compute is 10 times the
// largest.
[[nodiscard]] std::vector<double> ten_times_further(const LawFit& fit);

}  // namespace mobasim
