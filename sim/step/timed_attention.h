// A layer's attention for the hot path: seconds of one query head, with what they rest on.
#pragma once

#include <cstdint>
#include <string>

#include "sim/device/attention_kernel.h"
#include "sim/device/attention_layer.h"
#include "sim/model/model_shape.h"
#include "sim/step/layer_time.h"

namespace mobasim::step {

struct TimedAttention {
  AttentionSeconds seconds;
  double time = 0, lo = 0, hi = 0;  // both passes of all heads
  Basis basis = Basis::measured;
  std::string note;
};
// Of one layer over one sequence by the kernel that runs it (attention_kernel; not kMathAttention), a ring's pieces by
// those that run sequences of their length: a table's time per FLOP does not depend on the number of heads and
// sequences (A21).
[[nodiscard]] TimedAttention timed_attention(const LayerGroup& group, const Device& device, const Stack& stack,
                                             const KernelChoice& kernels, const std::string& dtype,
                                             std::int64_t sequence);

}  // namespace mobasim::step
