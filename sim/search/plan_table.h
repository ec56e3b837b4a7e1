// What a plan says of a run: its row, its parts, and what there is to say beside them.
#pragma once

#include <string>
#include <vector>

#include "sim/base/table.h"
#include "sim/cost/run_cost.h"
#include "sim/run/run.h"

namespace mobasim {

// One row: the run, its layout, time, money and memory.
[[nodiscard]] Table plan_table(const Run& run, const RunCost& cost);
// The parts of a step in time and of the peak in memory. `share` is of the step's time or of the peak.
[[nodiscard]] Table breakdown_table(const RunCost& cost);
// For people: the cost's own notes, what would make a run fit that does not, where the price is from.
[[nodiscard]] std::vector<std::string> plan_notes(const Run& run, const RunCost& cost);

}  // namespace mobasim
