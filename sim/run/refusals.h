// Why a layout cannot be run, in words, all reasons at once.
#pragma once

#include <string>
#include <vector>

#include "sim/device/device.h"
#include "sim/model/model_shape.h"
#include "sim/parallel/layout.h"
#include "sim/run/workload.h"

namespace mobasim {

// One reason, and which key of a layout or a workload it is about.
struct Refusal {
  std::string section, key;  // "layout", "tensor"; "workload", "global_batch"
  std::string why;
};

// Empty when StepModel and MemoryModel can answer. Sizes below 1 are refused before all else.
[[nodiscard]] std::vector<Refusal> refusals(const ModelShape& model, const Workload& workload, const Layout& layout,
                                            const Device& device);

}  // namespace mobasim
