#include "sim/device/time_of.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/text.h"
#include "sim/device/attention_time.h"
#include "sim/device/dtype.h"
#include "sim/device/product_time.h"

namespace mobasim {
namespace {

FlopRate peak(const DeviceProfile& device, const std::string& dtype) {
  if (const auto found = device.peak.find(dtype); found != device.peak.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [name, rate] : device.peak) known.push_back(name);
  throw Unsupported("dtype " + dtype + " on " + device.name, "the device has peaks for " + joined(known));
}

Seconds roofline_of(const MatrixProduct& product, const DeviceProfile& device) {
  return std::max(flops(product) / peak(device, product.dtype), bytes(product) / device.memory_bandwidth);
}

// Hardware FLOPs: a backward pass that does not keep the scores computes them again.
Seconds roofline_of(const AttentionLayer& layer, const DeviceProfile& device) {
  const AttentionWork all = work(layer.attention, layer.shape, bytes_of(layer.dtype));
  const bool forward = layer.pass == Pass::forward;
  return std::max((forward ? all.forward : all.backward_hardware) / peak(device, layer.dtype),
                  (forward ? all.forward_bytes : all.backward_bytes) / device.memory_bandwidth);
}

Seconds roofline_of(const MemoryBound& operation, const DeviceProfile& device) {
  return operation.bytes / device.memory_bandwidth;
}

bool spans_nodes(std::int64_t devices, const DeviceProfile& device) {
  // Without a network all devices are of one node, however many the file says that it has.
  return devices > device.devices_per_node && device.network_bandwidth > ByteRate(0);
}

// Ring: each device sends (p - 1) / p of the buffer in a reduce-scatter or an all-gather, and twice that in an
// all-reduce. A ring inside a node runs at the link's rate; one that spans nodes at no more than all network ports of
// a node together, because the rings of its devices leave by different ports (A30).
Seconds roofline_of(const Collective& collective, const DeviceProfile& device) {
  if (collective.devices <= 1) return Seconds(0);
  ByteRate rate = device.link_bandwidth;
  if (spans_nodes(collective.devices, device)) {
    const ByteRate ports = device.network_bandwidth * static_cast<double>(device.devices_per_node);
    rate = device.devices_per_node > 1 ? std::min(rate, ports) : ports;
  }
  if (!(rate > ByteRate(0))) {
    throw Unsupported(fmt::format("{} devices of {}", collective.devices, device.name),
                      "the device file gives no link_bandwidth, or no network_bandwidth beyond a node");
  }
  const auto p = static_cast<double>(collective.devices);
  const double passes = collective.kind == Collective::Kind::all_reduce ? 2 : 1;
  return passes * (p - 1) / p * collective.bytes / rate;
}

TimeEstimate by_efficiency(Seconds least, const Efficiency& efficiency, std::string_view of_what) {
  if (!(least > Seconds(0))) return {};
  return {least / efficiency.value, least / efficiency.hi, least / efficiency.lo, efficiency.basis,
          fmt::format("{:.0f}% of the {}", 100 * efficiency.value, of_what)};
}

TimeEstimate estimate(const MatrixProduct& product, const DeviceProfile& device) {
  return product_time(product, device);
}
TimeEstimate estimate(const AttentionLayer& layer, const DeviceProfile& device) {
  return attention_time(layer, device);
}
TimeEstimate estimate(const MemoryBound& operation, const DeviceProfile& device) {
  return by_efficiency(roofline_of(operation, device), device.memory_bound, "memory bandwidth");
}
TimeEstimate estimate(const Collective& collective, const DeviceProfile& device) {
  return by_efficiency(roofline_of(collective, device), device.collective,
                       spans_nodes(collective.devices, device) ? "node's network bandwidth" : "link bandwidth");
}

}  // namespace

Seconds roofline(const Operation& operation, const DeviceProfile& device) {
  return std::visit([&](const auto& one) { return roofline_of(one, device); }, operation);
}

TimeEstimate time_of(const Operation& operation, const DeviceProfile& device) {
  return std::visit([&](const auto& one) { return estimate(one, device); }, operation);
}

}  // namespace mobasim
