// Comparing a kernel's numbers with the reference's: elementwise against a bound that each element has of its own, the
// relative rms, and MoBA's picks with near-ties counted.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "kernels/reference/reference.h"

namespace mobasim::kernels::verify {

// max_error and bound stand at the element where their ratio is greatest.
struct Comparison {
  double max_error = 0, bound = 0;
  double ratio = 0;             // max_error / bound; 0 / 0 is 0
  double relative_rms = 0;      // rms of the errors over rms of the reference; 0 where both are 0
  std::int64_t finiteness = 0;  // elements finite on one side only: always a failure
  std::size_t element = 0;      // that element, and what stood there
  double got = 0, expected = 0;
};

// Elements that are not finite in `expected` must not be finite in `got`; they are in no maximum and no rms.
[[nodiscard]] Comparison comparison(std::span<const double> got, std::span<const double> expected,
                                    std::span<const double> bounds);

// The picks of a kernel against the scores of the reference. A pick that the reference would not have made is a
// near-tie when the gap of the two scores is within `u` (|q| . mean |key| of both blocks), the rounding of the mean
// key.
struct SelectionComparison {
  std::int64_t picks = 0;
  std::int64_t near_ties = 0;  // (token, head) whose picks differ from the reference's
  std::int64_t malformed = 0;  // (token, head) with a wrong number, order or range of picks: always a failure
  double gap = 0, tolerance = 0, ratio = 0;  // at the differing pick where gap / tolerance is greatest
};

[[nodiscard]] SelectionComparison selection_comparison(const Problem& problem, const Inputs<double>& inputs,
                                                       const Selection& got, const Selection& expected, Dtype dtype);

}  // namespace mobasim::kernels::verify
