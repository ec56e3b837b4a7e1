// The time of a matrix product on a device: the measured row of the very shape, a line through the measured rows inside
// their range, else the device's efficiency.
#pragma once

#include <optional>
#include <string_view>

#include "sim/device/time_of.h"

namespace mobasim {

[[nodiscard]] Flops flops(const MatrixProduct& product);  // 2 m n k count
[[nodiscard]] Bytes bytes(const MatrixProduct& product);  // both factors read and the product written, once each
// time = overhead + FLOPs / rate through the device's rows, by least squares of the relative error (A28).
struct ProductLine {
  double overhead = 0, per_flop = 0;
  double error = 0;  // root mean square, relative
};
// Nothing without three rows of the dtype.
[[nodiscard]] std::optional<ProductLine> product_line(const DeviceProfile& device, std::string_view dtype);
[[nodiscard]] TimeEstimate product_time(const MatrixProduct& product, const DeviceProfile& device);

}  // namespace mobasim
