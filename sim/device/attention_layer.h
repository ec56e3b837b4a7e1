// One layer's attention as a device sees it, and what a time is: a middle, two ends and what it rests on.
#pragma once

#include <string>

#include "sim/attention/attention.h"
#include "sim/base/basis.h"
#include "sim/base/units.h"
#include "sim/device/device.h"

namespace mobasim {

enum class Pass { forward, backward };

struct AttentionLayer {
  Attention attention;
  AttentionShape shape;
  Pass pass = Pass::forward;
  std::string dtype;
  std::string implementation;  // empty: the fastest of the device's table
};

// lo and hi: the spread of what it rests on (quartiles, disagreement of sources, range of an assumption).
struct TimeEstimate {
  Seconds time, lo, hi;
  Basis basis = Basis::measured;
  std::string note;  // what it rests on, in words: "flash_attention_3, 2K..16K, held beyond"
};

// The least time that the device's peaks allow, by hardware FLOPs: a backward pass that does not keep the scores
// computes them again. Throws Unsupported for a dtype without a peak.
[[nodiscard]] Seconds roofline(const AttentionLayer& layer, const Device& device);

}  // namespace mobasim
