// Whether a yardstick computes what the kernels compute.
#pragma once

#include <string>
#include <vector>

#include "kernels/dtype.h"
#include "kernels/problem.h"

namespace mobasim::benchmark {

// Where a yardstick and the kernels differ by more than rounding explains, in words; empty where they agree. When
// `spoiled` one value of the yardstick is wrong on purpose: then the answer must not be empty.
[[nodiscard]] std::vector<std::string> disagreements(const kernels::Problem& full, kernels::Dtype dtype, int threads,
                                                     bool openblas, bool onednn, bool spoiled);

}  // namespace mobasim::benchmark
