// The memory of a run, part by part, for people.
#pragma once

#include <vector>

#include "sim/cost/run_cost.h"
#include "sim/memory/memory_model.h"
#include "sim/run/run.h"

namespace mobasim {

// The model of the run's memory. Throws Unsupported for an unknown dtype.
[[nodiscard]] MemoryModel memory_model_of(const Run& run);

// weights, gradients, optimizer, activations, the parts of the moment of the peak, what the allocator keeps beside
// them, reserved by the device: their sum is what the device must hold.
[[nodiscard]] std::vector<MemoryPart> memory_parts(const Run& run);

}  // namespace mobasim
