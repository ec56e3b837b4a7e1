// One comparison: every way of computing attention of one shape, and the peak of the machine, timed in turns.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernels/dtype.h"
#include "kernels/problem.h"
#include "tests/benchmark/attention/passes.h"

namespace mobasim::benchmark {

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
  std::function<bool()> stop = [] { return false; };  // asked between two samples
};
// Says through `note` what is left out, and why. Stopped early, it has the whole rounds that there are; `timed` is
// empty where there is none.
[[nodiscard]] Comparison compared(const kernels::Problem& full, kernels::Dtype dtype, int threads,
                                  const ComparisonRules& rules, const std::function<void(const std::string&)>& note);

}  // namespace mobasim::benchmark
