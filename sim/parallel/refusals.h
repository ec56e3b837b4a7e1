// Why a layout cannot be run, in words, all reasons at once; and the nearest one that can.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/device/device.h"
#include "sim/model/model_shape.h"
#include "sim/parallel/layout.h"
#include "sim/workload.h"

namespace mobasim {

// One reason, and which key of a layout or a workload it is about.
struct Refusal {
  std::string section, key;  // "layout", "tensor"; "workload", "global_batch"
  std::string why;
};

// Empty when StepModel and MemoryModel can answer. Sizes below 1 are refused before all else.
[[nodiscard]] std::vector<Refusal> refusals(const ModelShape& model, const Workload& workload, const Layout& layout,
                                            const DeviceProfile& device);

struct NearestLayout {
  Layout layout;
  std::int64_t microbatch = 1;
};
// The layout without refusals on as many devices that differs least: by the sum of |log2| of the ratios of tensor,
// context, pipeline, virtual_stages and microbatch. Nothing when there is none.
[[nodiscard]] std::optional<NearestLayout> nearest_layout(const ModelShape& model, const Workload& workload,
                                                          const Layout& layout, const DeviceProfile& device);
// "nearest that works: tensor 8, pipeline 16 ..., microbatch 1", or "" when there is none.
[[nodiscard]] std::string nearest_layout_text(const ModelShape& model, const Workload& workload, const Layout& layout,
                                              const DeviceProfile& device);

}  // namespace mobasim
