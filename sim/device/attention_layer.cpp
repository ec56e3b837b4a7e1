#include "sim/device/attention_layer.h"

#include <algorithm>
#include <vector>

#include "sim/base/text.h"
#include "sim/device/dtype.h"

namespace mobasim {
namespace {

FlopRate peak(const Device& device, const std::string& dtype) {
  if (const auto found = device.peak.find(dtype); found != device.peak.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [name, rate] : device.peak) known.push_back(name);
  throw Unsupported("dtype " + dtype + " on " + device.name, "the device has peaks for " + joined(known));
}

}  // namespace

Seconds roofline(const AttentionLayer& layer, const Device& device) {
  const AttentionWork all = work(layer.attention, layer.shape, bytes_of(layer.dtype));
  const bool forward = layer.pass == Pass::forward;
  return std::max((forward ? all.forward : all.backward_hardware) / peak(device, layer.dtype),
                  (forward ? all.forward_bytes : all.backward_bytes) / device.memory_bandwidth);
}

}  // namespace mobasim
