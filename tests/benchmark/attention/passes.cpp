#include "tests/benchmark/attention/passes.h"

#include "kernels/work.h"

namespace mobasim::benchmark {

using kernels::Problem;

const char* name(Pass pass) {
  return pass == Pass::forward ? "forward" : pass == Pass::backward ? "backward" : "forward+backward";
}

std::vector<double> seconds_of(const Timed& timed, Pass pass) {
  std::vector<double> seconds = pass == Pass::backward ? timed.backward : timed.forward;
  if (pass == Pass::both) {
    for (std::size_t i = 0; i < seconds.size(); ++i) seconds[i] += timed.backward[i];
  }
  return seconds;
}

Flops flops_of(const Problem& problem, Pass pass) {
  const Flops forward = kernels::forward_flops(problem), backward = 1.25 * kernels::backward_flops(problem);
  return pass == Pass::forward ? forward : pass == Pass::backward ? backward : forward + backward;
}

Flops useful_flops_of(const Problem& problem, Pass pass) {
  const Flops forward = kernels::forward_flops(problem), backward = kernels::backward_flops(problem);
  return pass == Pass::forward ? forward : pass == Pass::backward ? backward : forward + backward;
}

}  // namespace mobasim::benchmark
