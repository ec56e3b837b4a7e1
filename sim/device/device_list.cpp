#include "sim/device/device_list.h"

#include "sim/device/device.h"

namespace mobasim {
namespace {

std::vector<Cell> row_of_device(const std::filesystem::path& file) {
  const Device device = device_from(file);
  const auto bf16 = device.peak.find("bf16"), f32 = device.peak.find("f32");
  return {device.name,
          bf16 == device.peak.end() ? Cell() : Cell(bf16->second.value()),
          f32 == device.peak.end() ? Cell() : Cell(f32->second.value()),
          device.memory.value(),
          device.memory_bandwidth.value(),
          device.devices_per_node,
          device.link_bandwidth.value(),
          device.network_bandwidth.value(),
          device.price ? Cell(*device.price * kHour / Dollars(1)) : Cell(),
          static_cast<std::int64_t>(device.profile.size()),
          device.source};
}

}  // namespace

Table device_list(const FileList& files) {
  return table_of_files(files,
                        {"name", "peak_bf16_flop_per_s", "peak_f32_flop_per_s", "memory_bytes",
                         "memory_bandwidth_bytes_per_s", "devices_per_node", "link_bandwidth_bytes_per_s",
                         "network_bandwidth_bytes_per_s", "price_usd_per_hour", "profile_rows", "source"},
                        row_of_device);
}

}  // namespace mobasim
