// One measured run under every convention of FLOPs, side by side.
#pragma once

#include <vector>

#include "sim/base/table.h"
#include "sim/measured/measured_run.h"

namespace mobasim {

// A row per run that was read and has a time: id, group, the rate as stated and its convention (empty where it is not
// understood), then FLOP/s per device of its measured time under each convention, and stated / own - 1.
[[nodiscard]] Table convention_table(const std::vector<MeasuredRun>& runs);

}  // namespace mobasim
