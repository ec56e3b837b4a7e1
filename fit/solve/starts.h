// Where to search from: variable projection. For fixed exponents a law is linear in its floor and coefficients, so that
// a grid over the exponents, each with its non-negative least squares, sees the whole landscape for the price of a few
// evaluations (Golub & Pereyra 1973; Lawson & Hanson 1974, chapter 23).
#pragma once

#include <vector>

#include "fit/solve/objective.h"

namespace mobasim {

inline constexpr std::size_t kFewPoints = 100;  // up to here searches are wider: they cost little

// The most promising first: the cells of the grid that no neighbour undercuts, at most `most`; then the lowest others,
// up to `fewest` together.
[[nodiscard]] std::vector<Coordinates> starting_points(const Objective& objective, std::size_t fewest,
                                                       std::size_t most);

}  // namespace mobasim
