#include "kernels/timing.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

namespace mobasim::kernels {
namespace {

void shuffle(std::vector<std::size_t>& order, Random& random) {
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<std::size_t>(random.whole(0, static_cast<std::int64_t>(i) - 1))]);
  }
}

bool settled(const Samples& samples, const SamplingRules& rules) {
  for (const auto& arm : samples) {
    double seconds = 0;
    for (const std::vector<double>& times : arm) {
      const Quartiles found = quartiles(times);
      if (found.hi - found.lo > rules.settled_spread * found.median) return false;
      seconds += std::accumulate(times.begin(), times.end(), 0.0);
    }
    if (seconds < rules.settled_seconds) return false;
  }
  return true;
}

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

Samples sampled(const std::vector<Arm>& arms, double seconds, const SamplingRules& rules, Random& random,
                const std::function<bool()>& stop) {
  Samples samples(arms.size());
  for (const Arm& arm : arms) {
    if (stop()) return samples;
    arm.run();
  }
  std::vector<std::size_t> order(arms.size());
  std::iota(order.begin(), order.end(), 0u);
  const double begin = now();
  for (int round = 0; round < rules.most_rounds; ++round) {
    if (round >= rules.least_rounds && now() - begin > seconds) break;
    if (round >= rules.settled_rounds && settled(samples, rules)) break;
    shuffle(order, random);
    for (const std::size_t i : order) {
      if (stop()) return samples;
      const std::vector<double> times = arms[i].run();
      samples[i].resize(times.size());
      for (std::size_t t = 0; t < times.size(); ++t) samples[i][t].push_back(times[t]);
    }
  }
  return samples;
}

}  // namespace mobasim::kernels
