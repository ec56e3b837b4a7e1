// The work of each stage of the CUDA pipelines: what bench divides a stage's time by, and what it holds against the
// roofline of a device.
#pragma once

#include <vector>

#include "kernels/cuda/target.h"
#include "kernels/problem.h"
#include "sim/base/units.h"

namespace mobasim::kernels::cuda {

struct StageWork {
  Stage stage;
  Flops useful;    // by the convention of docs/method/attention.md
  Flops hardware;  // of the products it computes: backward computes the scores again. Padding of tiles is not in it
  Bytes bytes;  // each tensor of the stage read or written once, gathered rows once a pick, sums of dq read and written
};

// The stages that run, in their order. `element_bytes`: 2.
[[nodiscard]] std::vector<StageWork> forward_work(const Problem& problem);
[[nodiscard]] std::vector<StageWork> backward_work(const Problem& problem);

// The least time of a stage on a device (Williams et al. 2009, the roofline): by its products or by its bytes.
[[nodiscard]] inline Seconds roofline(const StageWork& work, FlopRate peak, ByteRate bandwidth) {
  const Seconds by_flops = work.hardware / peak, by_bytes = work.bytes / bandwidth;
  return by_flops > by_bytes ? by_flops : by_bytes;
}

}  // namespace mobasim::kernels::cuda
