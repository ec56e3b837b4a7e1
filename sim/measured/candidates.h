// The ways in which a measured run may have been carried out: one where its row says everything, else every value of
// what it leaves open that the rest allows (A74).
#pragma once

#include <string>
#include <vector>

#include "sim/measured/prepared_run.h"

namespace mobasim {

// Recomputation and the sharing of states, where free, are the least that fits in `memory` bytes (A76). Empty only
// where no value is possible; `reason` then says why.
[[nodiscard]] std::vector<Candidate> candidates_of(const MeasuredRun& run, const MemoryModel& model, double memory,
                                                   const Device& device, std::string& reason);

}  // namespace mobasim
