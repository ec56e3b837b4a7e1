// The rules of a run as a whole: what no part of it breaks alone.
#pragma once

#include <string>
#include <vector>

#include "sim/run/run.h"

namespace mobasim {

// A rule that a run breaks, and the section and key of a RUN.yaml where its cause stands.
struct Breach {
  std::string section, key, what;
};
// Of workload, layout and kernels. Preconditions: no violations of the model and of the device.
[[nodiscard]] std::vector<Breach> breaches(const Run& run);

// The rules that the run, its model or its device break, in words. Empty when it can be estimated.
[[nodiscard]] std::vector<std::string> violations(const Run& run);

}  // namespace mobasim
