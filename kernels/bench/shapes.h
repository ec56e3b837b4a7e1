// What bench times beside the attention of kernels/cases.h: gemms and layers.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/layer/layer.h"

namespace mobasim::kernels::bench {

// A matrix product [m, k] x [k, n].
struct GemmCase {
  std::int64_t m, n, k;
};
[[nodiscard]] const std::vector<GemmCase>& gemm_cases();

// Layers of one width and length stand together and are compared.
[[nodiscard]] const std::vector<LayerShape>& layer_cases();

}  // namespace mobasim::kernels::bench
