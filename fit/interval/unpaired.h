// What two arms would tell apart if their runs were no pairs: the difference of two separately fitted exponents. Beside
// a paired fit it shows what pairing is worth.
#pragma once

#include "fit/data/fit_data.h"
#include "fit/interval/interval.h"
#include "fit/solve/objective.h"

namespace mobasim {

struct Unpaired {
  double s = 0;       // b of arm A's P2 law - b of arm B's: the exponent of L_A / L_B if both laws hold
  Interval interval;  // 95%, by t with the sum of both fits' degrees of freedom; everything where one has none
  double degrees_of_freedom = 0;
};

// Throws ConfigError (naming `what`, the group) where an arm alone does not determine its law.
[[nodiscard]] Unpaired unpaired_comparison(const FitData& a, const FitData& b, const ResidualLoss& loss,
                                           const std::string& what);

}  // namespace mobasim
