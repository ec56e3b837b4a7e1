// An interval of confidence, 95% unless said otherwise.
#pragma once

#include <limits>

namespace mobasim {

// Where the data do not determine an interval it is everything.
struct Interval {
  double lo = -std::numeric_limits<double>::infinity(), hi = std::numeric_limits<double>::infinity();
};

}  // namespace mobasim
