// How times are taken: several arms in a random order, round after round, until their medians are known well or their
// share of the time is spent; what was timed while the machine was slowed down is thrown away and counted. Medians and
// quartiles, never the best of many.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/random.h"
#include "sim/base/units.h"

namespace mobasim::kernels::bench {

// Seconds on a clock that only goes forward.
[[nodiscard]] double now();

// Linear interpolation between order statistics (Hyndman and Fan 1996, type 7). `samples` must not be empty.
[[nodiscard]] double quantile(std::vector<double> samples, double fraction);

struct Quartiles {
  double lo = 0, median = 0, hi = 0;
};
[[nodiscard]] Quartiles quartiles(const std::vector<double>& samples);

// Half the width of the 95% interval of the median (order statistics, normal approximation of the binomial: Conover
// 1999, section 3.2) over the median. Infinite below 6 samples: all of 5 lie on one side of the median in 6% of cases.
[[nodiscard]] double error_of_median(std::vector<double> samples);

// Something that is timed: each run gives one or more times (an attention arm gives forward and backward), in seconds.
struct Arm {
  std::function<std::vector<double>()> run;
};

struct SamplingRules {
  int least_rounds = 3;
  int settled_rounds = 10;       // from here on well-known medians end it
  int most_rounds = 2000;        // of the shortest shapes 0.5 s are this many
  double settled_seconds = 0.5;  // of the group, likewise
  double settled_error = 0.01;   // error_of_median of every arm
  double long_round = 2;         // seconds: of a longer one, what is done once (memory allocated) is not worth a round
  double least_probe = 0.9;      // of the level: a sample with a probe below it beside it is discarded
};
// The rules in words, for provenance.
[[nodiscard]] std::string text(const SamplingRules& rules);

// What a group of arms is timed with.
struct Sampling {
  SamplingRules rules;
  double seconds = 0;       // its share of the time; least_rounds are taken whatever it is
  double most_seconds = 0;  // where so many runs were discarded that fewer than least_rounds are left, at least seconds
  std::function<double()> clock = now;
  std::function<bool()> stop = [] { return false; };  // asked between two samples
  // A short piece of work whose rate tells what the machine can do now, taken between the samples; none: nothing is
  // discarded. `level` is the rate of the machine when nothing disturbs it.
  std::function<double()> probe;
  double level = 0;
  bool may_settle = true;  // false: later visits to the group follow, well-known medians do not end this one
};

// One run of an arm.
struct Run {
  std::vector<double> times;  // as the arm gave them
  double at = 0;              // on the clock
  double probe = 0;           // the lesser of the probes before and after; 0 without a probe
  bool kept = true;
};

enum class Ending {
  settled,    // the medians are known as well as the rules ask
  rounds,     // they are not, after most_rounds
  time_out,   // they are not, and the share of the time is spent
  disturbed,  // of an arm: so few of its runs were undisturbed that the disturbed ones are kept
  stopped,    // stop() said so: not complete
};
[[nodiscard]] const char* name(Ending ending);

struct Sampled {
  std::vector<std::vector<Run>> arms;  // in the order taken; without the one that warms up
  std::vector<double> probes;
  std::vector<bool> disturbed;  // of each arm
  int warm_up_rounds = 0;       // that were not kept
  Ending ending = Ending::settled;
  // Of one arm: disturbed where it is.
  [[nodiscard]] Ending ending_of(std::size_t arm) const { return disturbed[arm] ? Ending::disturbed : ending; }
};

// The first round warms up and is not kept, unless it takes longer than long_round.
// `before`: of each arm, what earlier visits to the group took. It stands first in the result and counts towards the
// end; a later visit has no warm-up and at least one round.
[[nodiscard]] Sampled sampled(const std::vector<Arm>& arms, const Sampling& sampling, Random& random,
                              std::vector<std::vector<Run>> before = {});

// The kept times of one arm, `which` of those that a run gives.
[[nodiscard]] std::vector<double> kept_times(const std::vector<Run>& runs, std::size_t which);

// Probes until the medians of two windows in a row agree within 1%, which is true, or `seconds` are spent.
[[nodiscard]] bool warmed_up(const Sampling& sampling, std::vector<double>& probes);

}  // namespace mobasim::kernels::bench
