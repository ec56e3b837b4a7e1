#include "kernels/bench/timing.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>

namespace mobasim::kernels::bench {
namespace {

void shuffle(std::vector<std::size_t>& order, Random& random) {
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<std::size_t>(random.whole(0, static_cast<std::int64_t>(i) - 1))]);
  }
}

int kept_runs(const std::vector<Run>& runs) {
  return static_cast<int>(std::count_if(runs.begin(), runs.end(), [](const Run& run) { return run.kept; }));
}

int kept_rounds(const std::vector<std::vector<Run>>& arms) {
  int least = std::numeric_limits<int>::max();
  for (const std::vector<Run>& runs : arms) least = std::min(least, kept_runs(runs));
  return least;
}

bool settled(const std::vector<std::vector<Run>>& arms, const SamplingRules& rules) {
  for (const std::vector<Run>& runs : arms) {
    for (std::size_t which = 0; which < runs.front().times.size(); ++which) {
      if (error_of_median(kept_times(runs, which)) > rules.settled_error) return false;
    }
  }
  return true;
}

// One group: the rounds so far.
class Rounds {
 public:
  Rounds(const std::vector<Arm>& arms, const Sampling& sampling, std::vector<std::vector<Run>> before)
      : arms_(arms), sampling_(sampling), begin_(sampling.clock()) {
    out_.arms = std::move(before);
    out_.arms.resize(arms.size());
    for (std::vector<Run>& runs : out_.arms) {
      for (Run& run : runs) run.kept = undisturbed(run);  // the level is known better by now
    }
  }

  // False when it was stopped.
  bool begin(bool warm_up, const std::vector<std::size_t>& order) {
    last_probe_ = probed();
    if (!warm_up) return true;
    if (!round(order)) return false;
    if (spent() > sampling_.rules.long_round) return true;
    out_.warm_up_rounds = 1;
    for (std::vector<Run>& runs : out_.arms) runs.pop_back();
    begin_ = sampling_.clock();
    return true;
  }

  bool round(const std::vector<std::size_t>& order) {
    for (const std::size_t i : order) {
      if (sampling_.stop()) return false;
      Run run;
      run.at = sampling_.clock();
      run.times = arms_[i].run();
      const double before = last_probe_;
      last_probe_ = probed();
      run.probe = std::min(before, last_probe_);
      run.kept = undisturbed(run);
      out_.arms[i].push_back(std::move(run));
    }
    return true;
  }

  [[nodiscard]] double spent() const { return sampling_.clock() - begin_; }
  [[nodiscard]] int taken() const { return static_cast<int>(out_.arms.front().size()); }
  [[nodiscard]] const std::vector<std::vector<Run>>& arms() const { return out_.arms; }

  [[nodiscard]] Sampled ended(Ending ending) {
    for (std::vector<Run>& runs : out_.arms) {
      out_.disturbed.push_back(kept_runs(runs) <
                               std::min<int>(sampling_.rules.least_rounds, static_cast<int>(runs.size())));
      if (!out_.disturbed.back()) continue;
      for (Run& run : runs) run.kept = true;
    }
    out_.ending = ending;
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool undisturbed(const Run& run) const {
    return !sampling_.probe || run.probe >= sampling_.rules.least_probe * sampling_.level;
  }

  double probed() {
    if (!sampling_.probe) return 0;
    out_.probes.push_back(sampling_.probe());
    return out_.probes.back();
  }

  const std::vector<Arm>& arms_;
  const Sampling& sampling_;
  double begin_, last_probe_ = 0;
  Sampled out_;
};

}  // namespace

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double quantile(std::vector<double> samples, double fraction) {
  std::sort(samples.begin(), samples.end());
  const double place = fraction * static_cast<double>(samples.size() - 1);
  const std::size_t below = static_cast<std::size_t>(std::floor(place));
  const std::size_t above = std::min(below + 1, samples.size() - 1);
  return samples[below] + (place - std::floor(place)) * (samples[above] - samples[below]);
}

Quartiles quartiles(const std::vector<double>& samples) {
  return {quantile(samples, 0.25), quantile(samples, 0.5), quantile(samples, 0.75)};
}

double error_of_median(std::vector<double> samples) {
  const double count = static_cast<double>(samples.size());
  if (samples.size() < 6) return std::numeric_limits<double>::infinity();
  std::sort(samples.begin(), samples.end());
  const double rank = std::floor((count - 1.959964 * std::sqrt(count)) / 2);  // 1-based; its mirror is the upper one
  const std::size_t lower = static_cast<std::size_t>(std::max(rank, 1.0)) - 1, upper = samples.size() - 1 - lower;
  return (samples[upper] - samples[lower]) / 2 / quantile(samples, 0.5);
}

std::string text(const SamplingRules& rules) {
  return fmt::format(
      "one warm-up round, kept where it takes more than {} s; the arms of a group in random order, round after round; "
      "stops at {} rounds and {} s once the "
      "95% interval of every median is within {:.3g}% of it, else at {} rounds or when the share of the budget is "
      "spent, after {} rounds at least; median and quartiles",
      rules.long_round, rules.settled_rounds, rules.settled_seconds, 100 * rules.settled_error, rules.most_rounds,
      rules.least_rounds);
}

const char* name(Ending ending) {
  switch (ending) {
    case Ending::settled:
      return "settled";
    case Ending::rounds:
      return "rounds";
    case Ending::time_out:
      return "time_out";
    case Ending::disturbed:
      return "disturbed";
    case Ending::stopped:
      return "stopped";
  }
  return "";
}

std::vector<double> kept_times(const std::vector<Run>& runs, std::size_t which) {
  std::vector<double> times;
  for (const Run& run : runs) {
    if (run.kept) times.push_back(run.times[which]);
  }
  return times;
}

Sampled sampled(const std::vector<Arm>& arms, const Sampling& sampling, Random& random,
                std::vector<std::vector<Run>> before) {
  const SamplingRules& rules = sampling.rules;
  const int first = before.empty() ? 0 : static_cast<int>(before.front().size());
  const int least = first == 0 ? rules.least_rounds : 1;
  const int most = first == 0 ? rules.most_rounds : std::max(rules.most_rounds, first + least);
  Rounds rounds(arms, sampling, std::move(before));
  std::vector<std::size_t> order(arms.size());
  std::iota(order.begin(), order.end(), 0u);
  shuffle(order, random);
  if (!rounds.begin(first == 0, order)) return rounds.ended(Ending::stopped);
  int next_look = rules.settled_rounds;  // sorting all samples after each round would take longer than a short shape
  for (int taken = rounds.taken(); taken < most; ++taken) {
    if (taken - first >= least && rounds.spent() > sampling.seconds) {
      const bool enough = kept_rounds(rounds.arms()) >= rules.least_rounds;
      if (enough || rounds.spent() > sampling.most_seconds) return rounds.ended(Ending::time_out);
    }
    const bool long_enough = first > 0 ? taken > first : rounds.spent() >= rules.settled_seconds;
    if (sampling.may_settle && taken >= next_look && long_enough) {
      if (kept_rounds(rounds.arms()) >= rules.settled_rounds && settled(rounds.arms(), rules)) {
        return rounds.ended(Ending::settled);
      }
      next_look = taken + std::max(1, taken / 10);
    }
    shuffle(order, random);
    if (!rounds.round(order)) return rounds.ended(Ending::stopped);
  }
  return rounds.ended(Ending::rounds);
}

bool warmed_up(const Sampling& sampling, std::vector<double>& probes) {
  constexpr std::size_t kWindow = 40;
  const double end = sampling.clock() + sampling.seconds;
  while (!sampling.stop()) {
    probes.push_back(sampling.probe());
    const std::size_t count = probes.size();
    if (count >= 2 * kWindow && count % kWindow == 0) {
      const auto last = probes.end() - kWindow;
      const double before = quantile({last - kWindow, last}, 0.5), after = quantile({last, probes.end()}, 0.5);
      if (std::abs(after - before) <= 0.01 * before) return true;
    }
    if (sampling.clock() >= end) return false;
  }
  return false;
}

}  // namespace mobasim::kernels::bench
