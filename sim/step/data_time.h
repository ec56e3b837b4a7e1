// What the replicas of a step cost one another: gradients to be summed, weights to be gathered, and the update.
//
// docs/method/parallel.md, A34 (ZeRO: Rajbhandari et al. 2020, arXiv 1910.02054; FSDP: Zhao et al. 2023, arXiv
// 2304.11277).
#pragma once

#include "sim/device/device.h"
#include "sim/step/layer_time.h"

namespace mobasim::step {

// What a stage's device holds and does with one microbatch.
struct StageLoad {
  double parameters = 0;        // of the stage on this device
  double layer_parameters = 0;  // of its largest layer on this device
  double layers = 0;
  double forward = 0, backward = 0;  // seconds of one microbatch
  double microbatches = 1;
};

// Seconds that no computation hides, of a whole step.
[[nodiscard]] double exposed_data_time(const StepContext& context, const StageLoad& load, const Layout& layout,
                                       double communication_factor);

// Bytes that Adam moves per parameter: each state read and written, the gradient read, the weight written, and read
// where it is its own master copy.
[[nodiscard]] double update_bytes(std::string_view dtype, const StackPolicy& stack);
// Seconds of the update: Adam reads and writes its states, or the host does and the link carries gradients and weights.
[[nodiscard]] double optimizer_time(const StepContext& context, const StageLoad& load, const Layout& layout,
                                    bool offload, double memory_factor);

}  // namespace mobasim::step
