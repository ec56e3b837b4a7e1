// What verify holds a backend's numbers against: for each element what is right, and how far from it a kernel may be
// (docs/method/kernels.md).
#pragma once

#include <string>
#include <vector>

#include "kernels/backend/backend.h"
#include "kernels/cases.h"
#include "kernels/verify/compare.h"

namespace mobasim::kernels::verify {

// What the oracle says of a case, with the sums of absolute terms that bounds are made of.
struct Expected {
  Forward<double> forward;
  Gradients<double> gradients, terms;
  std::vector<double> o_terms;
  SelectionComparison selection;
};

// A tensor that is checked: its name, what the backend gave, what is right, and the bound of each element.
struct Check {
  std::string tensor;
  std::vector<double> got, expected, bounds;
  double rms_limit = 0;  // 0: not judged by its rms
};

[[nodiscard]] std::vector<Check> forward_checks(const Case& row, const Backend& backend, const Computed& computed,
                                                const Expected& right);
[[nodiscard]] std::vector<Check> backward_checks(const Case& row, const Backend& backend, const Computed& computed,
                                                 const Expected& right);

}  // namespace mobasim::kernels::verify
