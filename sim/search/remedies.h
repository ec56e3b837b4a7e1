// What would make a run fit into its device's memory.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/memory/memory_model.h"
#include "sim/run/run.h"

namespace mobasim {

// Whether an execution can be run at all.
using Allowed = std::function<bool(const Execution&)>;

// What would make a run fit into `capacity` bytes: "recompute full needs 61.2 GB". Each line is one change (with the
// same devices where that is possible) that fits by the model; where none does alone, several together; where none do,
// the least that all of them need. Nothing is proposed that is not allowed. Empty when it fits.
[[nodiscard]] std::vector<std::string> remedies(
    const MemoryModel& model, std::int64_t global_batch, const Execution& execution, double capacity,
    const Allowed& allowed = [](const Execution&) { return true; });
// Of a run in what its device lets it allocate, by the rules of refusals.h.
[[nodiscard]] std::vector<std::string> remedies(const Run& run);

}  // namespace mobasim
