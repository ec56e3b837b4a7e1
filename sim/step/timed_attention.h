// A layer's attention for the hot path: seconds of one query head, with what they rest on.
#pragma once

#include <cstdint>
#include <string>

#include "sim/base/basis.h"
#include "sim/device/attention_kernel.h"
#include "sim/device/attention_table.h"
#include "sim/model/model_shape.h"
#include "sim/step/layer_time.h"

namespace mobasim::step {

struct TimedAttention {
  AttentionSeconds seconds;
  double time = 0, lo = 0, hi = 0;  // both passes of all heads
  Basis basis = Basis::measured;
};
// Of one layer over one sequence by the kernel that runs it (which is not kMathAttention), a ring's pieces by those
// that run sequences of their length: a table's time per FLOP does not depend on the number of heads and sequences
// (A21).
[[nodiscard]] TimedAttention timed_attention(const LayerGroup& group, const AttentionTable& table,
                                             const KernelsOfRun& kernels, std::int64_t sequence);

// What the times of a model's attention rest on, in words; "" where all of it is by gemms.
[[nodiscard]] std::string attention_note(const ModelShape& model, const AttentionTable& table,
                                         const KernelsOfRun& kernels, std::int64_t sequence);

}  // namespace mobasim::step
