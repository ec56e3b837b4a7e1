// The layout that works, nearest to one that does not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/device/device.h"
#include "sim/model/model_shape.h"
#include "sim/parallel/layout.h"
#include "sim/run/run.h"
#include "sim/run/workload.h"

namespace mobasim {

struct NearestLayout {
  Layout layout;
  std::int64_t microbatch = 1;
};
// The layout without refusals on as many devices that differs least: by the sum of |log2| of the ratios of tensor,
// context, pipeline, virtual_stages and microbatch. Nothing when there is none.
[[nodiscard]] std::optional<NearestLayout> nearest_layout(const ModelShape& model, const Workload& workload,
                                                          const Layout& layout, const Device& device);
// "nearest that works: tensor 8, pipeline 16 ..., microbatch 1", or "" when there is none.
[[nodiscard]] std::string nearest_layout_text(const Run& run);

}  // namespace mobasim
