// The layout that works, nearest to one that does not.
#pragma once

#include <optional>
#include <string>

#include "sim/run/run.h"

namespace mobasim {

// The execution without refusals on as many devices that differs least: by the sum of |log2| of the ratios of tensor,
// context, pipeline, virtual_stages and microbatch. Nothing when there is none.
[[nodiscard]] std::optional<Execution> nearest_execution(const ModelShape& model, const Workload& workload,
                                                         const Execution& asked, const Device& device);
// "nearest that works on 64 devices: tensor 8, pipeline 16 ..., microbatch 1", or "" when there is none.
[[nodiscard]] std::string nearest_layout_text(const Run& run);

}  // namespace mobasim
