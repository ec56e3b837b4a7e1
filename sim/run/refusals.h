// Why an execution cannot be run, in words, all reasons at once; or, for searches, only whether it can.
#pragma once

#include <string>
#include <vector>

#include "sim/device/device.h"
#include "sim/model/model_shape.h"
#include "sim/run/execution.h"
#include "sim/run/workload.h"

namespace mobasim {

// One reason, and which key of a layout or a workload it is about.
struct Refusal {
  std::string section, key;  // "layout", "tensor"; "workload", "global_batch"
  std::string why;
};

// Empty when StepModel and MemoryModel can answer. Sizes below 1 are refused before all else.
[[nodiscard]] std::vector<Refusal> refusals(const ModelShape& model, const Workload& workload,
                                            const Execution& execution, const Device& device);
// Whether there are none, by the same rules. Without allocation.
[[nodiscard]] bool allowed(const ModelShape& model, const Workload& workload, const Execution& execution,
                           const Device& device);

}  // namespace mobasim
