#include "kernels/bench/plan.h"

#include <algorithm>

namespace mobasim::kernels::bench {

std::vector<double> shares(const std::vector<Cost>& costs, double seconds, double most_of_one, double reserve) {
  std::vector<double> out(costs.size(), 0);
  std::vector<std::size_t> chosen;
  double left = seconds;
  const auto let_in = [&](std::size_t i) {
    out[i] = costs[i].least;
    left -= costs[i].least;
    chosen.push_back(i);
  };
  for (std::size_t i = 0; i < costs.size(); ++i) {
    if (costs[i].always) let_in(i);
  }
  for (std::size_t i = 0; i < costs.size(); ++i) {
    if (!costs[i].always && costs[i].least <= std::min(left - reserve, most_of_one)) let_in(i);
  }
  const auto more = [&](std::size_t i) { return costs[i].wanted - costs[i].least; };
  std::stable_sort(chosen.begin(), chosen.end(), [&](std::size_t a, std::size_t b) { return more(a) < more(b); });
  for (std::size_t n = 0; n < chosen.size(); ++n) {
    const double equal = std::max(0.0, left) / static_cast<double>(chosen.size() - n);
    const double given = std::min(equal, more(chosen[n]));
    out[chosen[n]] += given;
    left -= given;
  }
  return out;
}

}  // namespace mobasim::kernels::bench
