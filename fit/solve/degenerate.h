// What data cannot determine: refused where nothing could be fitted, named where a part of the law is not there or
// cannot be told from another.
#pragma once

#include <string>
#include <vector>

#include "fit/data/fit_data.h"
#include "fit/solve/law_fit.h"
#include "fit/solve/newton.h"

namespace mobasim {

// "compute", or "parameters" and "tokens".
[[nodiscard]] std::string input_name(const LawShape& shape, std::size_t input);

// Throws ConfigError, naming `what` (the group), where the points cannot determine the law.
void require_determined(const LossLaw& law, const FitData& data, const std::string& what);
// The same question for a resample.
[[nodiscard]] bool determined(const LawShape& shape, const Objective& objective);

// The minimum with a floor or a term that came out next to nothing taken out for good (its log at -infinity).
[[nodiscard]] LocalMinimum without_what_vanished(const Objective& objective, const LocalMinimum& minimum);
// What of the law is not there, or cannot be told from another part, in words.
[[nodiscard]] std::vector<std::string> degeneracies(const LossLaw& law, const Objective& objective,
                                                    const Coordinates& at);
// Whether a natural coefficient is beyond what a double holds, in words; else empty. The fit and what it predicts are
// sound all the same.
[[nodiscard]] std::string beyond_numbers(const LawFit& fit);
// For those who go on with natural parameters: throws ConfigError with these words.
void require_numbers(const LawFit& fit, const std::string& what);

}  // namespace mobasim
