// How far the time of a step may be from the estimate: what rows that the stack's constants never saw were off by.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/stack/stack.h"

namespace mobasim {

// Half-width of the interval of log(time). Inside what the rows of the stack span: their `width` (A72). Outside it
// grows by a tenth of itself with each doubling of the sequence, by a twentieth with each doubling of the number of
// devices, and by a quarter on another device (assumed, A75: sources left out in the calibration, which are such rows,
// stay within it). Without evidence: 0.35, about what the best published models miss by on rows they were not tuned on
// (Calculon 8% to 39%, A75).
[[nodiscard]] double log_half_width(const Stack& stack, std::string_view device, std::int64_t sequence,
                                    std::int64_t devices);

}  // namespace mobasim
