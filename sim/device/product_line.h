// The time of matrix products as a device's own measured rows give it: a line through them.
#pragma once

#include <optional>
#include <string_view>

#include "sim/device/device.h"

namespace mobasim {

// time = overhead + FLOPs / rate through the device's rows, by least squares of the relative error (A28).
struct ProductLine {
  double overhead = 0, per_flop = 0;  // seconds
};
// Nothing without three rows of the dtype.
[[nodiscard]] std::optional<ProductLine> product_line(const DeviceProfile& device, std::string_view dtype);

}  // namespace mobasim
