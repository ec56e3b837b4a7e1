// The end of every fit: damped Newton steps with the exact curvature, to the last digit that the sum of the objective
// holds. Close to a minimum it converges at once; from afar it is safe, but finds the nearest minimum only
// (starts.h and solve.h are for that).
#pragma once

#include <vector>

#include "fit/solve/objective.h"

namespace mobasim {

struct LocalMinimum {
  Coordinates at{};
  double value = 0;
  bool converged = false;  // no step lowers the value any more
};

// The directions that may move, one vector each; the others are held.
using Directions = std::vector<Coordinates>;

// Every coordinate that is not at -infinity (a floor of 0, a term that is not there).
[[nodiscard]] Directions free_directions(const LawShape& shape, const Coordinates& at);

[[nodiscard]] LocalMinimum newton_minimum(const Objective& objective, const Coordinates& start,
                                          const Directions& directions);
[[nodiscard]] LocalMinimum newton_minimum(const Objective& objective, const Coordinates& start);  // all that are free

}  // namespace mobasim
