// The layout of a measured run: what its row says, and what follows from it where it says less or contradicts itself.
#pragma once

#include "sim/measured/measured_run.h"
#include "sim/measured/row_reader.h"

namespace mobasim {

// Sets layout, free choices, microbatch and devices_per_node. Preconditions: model and workload are read.
void read_layout(RowReader& row, MeasuredRun& run);

}  // namespace mobasim
