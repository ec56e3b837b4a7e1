// The time of a matrix product on a device: the measured row of the very shape, a line through the measured rows inside
// their range, else the device's efficiency.
#pragma once

#include "sim/device/time_of.h"

namespace mobasim {

[[nodiscard]] Flops flops(const MatrixProduct& product);  // 2 m n k count
[[nodiscard]] Bytes bytes(const MatrixProduct& product);  // both factors read and the product written, once each
[[nodiscard]] TimeEstimate product_time(const MatrixProduct& product, const DeviceProfile& device);

}  // namespace mobasim
