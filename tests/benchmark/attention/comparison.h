// One comparison: every way of computing attention of one shape, and the peak of the machine, timed in turns.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernels/dtype.h"
#include "kernels/problem.h"
#include "sim/base/units.h"

namespace mobasim::benchmark {

enum class Pass { forward, backward, both };
inline constexpr Pass kPasses[] = {Pass::forward, Pass::backward, Pass::both};
[[nodiscard]] const char* name(Pass pass);

// The times of one implementation, in the order of the rounds.
struct Timed {
  std::string implementation;  // mobasim, openblas, onednn
  kernels::Problem problem;
  std::string tiles;  // of a yardstick, as chosen: forward, backward
  std::vector<double> forward, backward;
};
[[nodiscard]] std::vector<double> seconds_of(const Timed& timed, Pass pass);
// As executed: the backward pass is five products, 2.5 times the forward pass (Dao 2023, section 4.1); the gate of MoBA
// counts. What tiles are padded with does not.
[[nodiscard]] Flops flops_of(const kernels::Problem& problem, Pass pass);
// As any implementation needs them: four products backward.
[[nodiscard]] Flops useful_flops_of(const kernels::Problem& problem, Pass pass);

struct Comparison {
  int threads = 1;
  kernels::Dtype dtype = kernels::Dtype::f32;
  std::vector<double> peak;  // FLOP/s in each round; empty where the machine has no such instruction
  std::vector<Timed> timed;  // the first is full attention by this project's kernels
};

struct ComparisonRules {
  int rounds;
  double seconds;
  bool moba, openblas, onednn;
};
// Says through `note` what is left out, and why.
[[nodiscard]] Comparison compared(const kernels::Problem& full, kernels::Dtype dtype, int threads,
                                  const ComparisonRules& rules, const std::function<void(const std::string&)>& note);

// Where a yardstick and the kernels differ by more than rounding explains, in words; empty where they agree. When
// `spoiled` one value of the yardstick is wrong on purpose: then the answer must not be empty.
[[nodiscard]] std::vector<std::string> disagreements(const kernels::Problem& full, kernels::Dtype dtype, int threads,
                                                     const ComparisonRules& rules, bool spoiled);

}  // namespace mobasim::benchmark
