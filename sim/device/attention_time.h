// The time of an attention layer on a device: by the rows of its measured table where there are any, else by the
// device's assumed efficiency.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/device/attention_layer.h"

namespace mobasim {

// Implementations of a mechanism with rows in the device's table that serve both passes, in the order of the table.
[[nodiscard]] std::vector<std::string> implementations(const Device& device, std::string_view mechanism,
                                                       std::string_view dtype);

// What attention_time takes where the layer names none: the implementation with the least time per useful FLOP, forward
// and backward together, at its measured parameters (what is scaled from them is too uncertain to choose by). Empty
// when none has rows of both passes.
[[nodiscard]] std::string fastest_implementation(const AttentionLayer& layer, const Device& device);

// Throws Unsupported when an implementation is asked for that the table does not have, or when there are neither rows
// nor an assumed efficiency.
[[nodiscard]] TimeEstimate attention_time(const AttentionLayer& layer, const Device& device);

}  // namespace mobasim
