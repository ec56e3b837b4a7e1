// How a bench shares its time out among what it could measure.
#pragma once

#include <vector>

namespace mobasim::kernels::bench {

struct Cost {
  double round = 0;     // seconds of one round
  double least = 0;     // seconds of the fewest rounds that are worth keeping
  double wanted = 0;    // seconds of as many as it may want; >= least
  bool always = false;  // measured whatever it takes
};

// The seconds of each, 0: left out. Those that come first are let in first, as long as their least fits into what is
// left but for `reserve`, and takes no more than `most_of_one`. What then is left over is shared equally, none getting
// more than it wants: the short ones have all they want and the long ones the rest.
[[nodiscard]] std::vector<double> shares(const std::vector<Cost>& costs, double seconds, double most_of_one,
                                         double reserve = 0);

}  // namespace mobasim::kernels::bench
