// How long one optimizer step takes, part by part, with an interval and what it rests on: StepModel's times for people.
#pragma once

#include <string>
#include <vector>

#include "sim/cost/run_cost.h"
#include "sim/device/device_tables.h"
#include "sim/step/step_model.h"

namespace mobasim {

struct StepCost {
  std::vector<StepPart> parts;     // in the order of the breakdown; their times add up to the step's, lo and hi too
  std::vector<std::string> notes;  // for people
  Seconds time, lo, hi;
  Basis basis = Basis::measured;  // the worst of the parts that take 1% of the time or more
};

// lo and hi: for a calibrated stack what rows that its constants never saw were off by (sim/cost/interval.h); else
// every operation at the end of the range of what it rests on (A39). `model` and `tables` are those of the run.
[[nodiscard]] StepCost step_cost(const Run& run, const StepModel& model, const DeviceTables& tables);

}  // namespace mobasim
