// A device's links as the tiers that collectives run on (sim/network/network.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/base/config.h"
#include "sim/device/device.h"
#include "sim/network/network.h"

namespace mobasim {

// Without `links` a tier reaches the device's `collective` efficiency at all sizes, and a hop takes no time (A30).
[[nodiscard]] Network network_of(const Device& device);

[[nodiscard]] DeviceLink link_from(ConfigMap map);
[[nodiscard]] std::vector<std::string> violations(const DeviceLink& link, std::string_view tier);

}  // namespace mobasim
