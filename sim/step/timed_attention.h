// A layer's attention for the hot path: seconds of one query head, with what they rest on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/device/attention_layer.h"
#include "sim/model/model_shape.h"
#include "sim/run.h"
#include "sim/step/layer_time.h"

namespace mobasim::step {

// The format that attention runs in where products run in 8 or 4 bits: bf16 (A66).
[[nodiscard]] std::string attention_dtype(std::string_view dtype);

// The kernels of the run, and where it names none those of the stack; where the device has no rows of these, the
// fastest of those it has (A52).
[[nodiscard]] KernelChoice kernels_on(const DeviceProfile& device, const StackProfile& stack, KernelChoice kernels,
                                      std::string_view dtype);

struct TimedAttention {
  AttentionSeconds seconds;
  double time = 0, lo = 0, hi = 0;  // both passes of all heads
  Basis basis = Basis::measured;
  std::string note;
};
// Of one layer over one sequence: a table's time per FLOP does not depend on the number of heads and sequences (A21).
[[nodiscard]] TimedAttention timed_attention(const LayerGroup& group, const DeviceProfile& device,
                                             const KernelChoice& kernels, const std::string& dtype,
                                             std::int64_t sequence);

}  // namespace mobasim::step
