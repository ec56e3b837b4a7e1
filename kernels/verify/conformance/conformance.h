// Do the primitives of kernels/simt mean what their documentation says? Each is run on a target, and what comes out is
// compared with a value worked out here from the PTX documentation, never with the other target.
#pragma once

#include <string>
#include <vector>

#include "kernels/cuda/target.h"
#include "kernels/verify/conformance/probes.h"
#include "sim/base/table.h"

namespace mobasim::kernels::conformance {

struct Row {
  std::string primitive;
  bool conforms = false;
  std::string note;  // what was found instead, and where; empty when it conforms
};

// All probes, in the order in which a fault would explain those after it.
[[nodiscard]] std::vector<Row> conformance(const cuda::Target& target, LaunchProbe launch);

// "simt" or "cuda". Throws ConfigError for another name and CudaError where there is no GPU.
[[nodiscard]] std::vector<Row> conformance_of(const std::string& backend);

[[nodiscard]] std::int64_t failures(const std::vector<Row>& rows);
// primitive,backend,verdict,note
[[nodiscard]] Table conformance_table(const std::vector<Row>& rows, const std::string& backend);

}  // namespace mobasim::kernels::conformance
