// What was timed: the passes of one way of computing attention, and their work.
#pragma once

#include <string>
#include <vector>

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

}  // namespace mobasim::benchmark
