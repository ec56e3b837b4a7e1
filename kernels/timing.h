// How times are taken: several arms in a random order, round after round, until their spread is small or their share of
// the time is spent. Medians and quartiles, never the best of many.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/random.h"
#include "sim/base/units.h"

namespace mobasim::kernels {

// Seconds on a clock that only goes forward.
[[nodiscard]] double now();

// Linear interpolation between order statistics (Hyndman and Fan 1996, type 7). `samples` must not be empty.
[[nodiscard]] double quantile(std::vector<double> samples, double fraction);

struct Quartiles {
  double lo = 0, median = 0, hi = 0;
};
[[nodiscard]] Quartiles quartiles(const std::vector<double>& samples);

// Something that is timed: each run gives one or more times (an attention arm gives forward and backward), in seconds.
struct Arm {
  std::function<std::vector<double>()> run;
};

struct SamplingRules {
  int least_rounds = 3;
  int settled_rounds = 10;  // from here on a small spread ends it
  int most_rounds = 40;
  double settled_seconds = 0.5;  // per arm, likewise
  double settled_spread = 0.02;  // (upper - lower quartile) / median
};

// samples[arm][time] -> the times of all rounds, in the order taken. A first round warms up and is not kept. Stops
// early, keeping what there is, when `stop` says so or (after least_rounds) when `seconds` are spent.
using Samples = std::vector<std::vector<std::vector<double>>>;
[[nodiscard]] Samples sampled(const std::vector<Arm>& arms, double seconds, const SamplingRules& rules, Random& random,
                              const std::function<bool()>& stop);

}  // namespace mobasim::kernels
