// How long one optimizer step takes, part by part: the operations of layer_ops.h timed on the run's device.
#pragma once

#include <string>
#include <vector>

#include "sim/run_cost.h"

namespace mobasim {

struct StepCost {
  std::vector<StepPart> parts;     // in the order of the breakdown; their times add up to the step's, lo and hi too
  std::vector<std::string> notes;  // for people
  Seconds time, lo, hi;
  Basis basis = Basis::measured;  // the worst of the parts that take time
};

// Throws Unsupported for what is not modelled.
[[nodiscard]] StepCost step_cost(const Run& run);

}  // namespace mobasim
