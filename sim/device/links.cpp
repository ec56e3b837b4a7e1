#include "sim/device/links.h"

#include <algorithm>
#include <functional>

namespace mobasim {
namespace {

Tier tier_of(ByteRate bandwidth, const std::optional<DeviceLink>& link, const Efficiency& collective) {
  Tier tier;
  tier.bandwidth = bandwidth.value();
  tier.plateau = collective.value;
  if (!link) return tier;
  tier.latency = link->latency.value();
  tier.plateau = link->plateau;
  tier.curve = link->curve;
  tier.switch_curve = link->switch_curve;
  return tier;
}

std::vector<LinkPoint> curve_from(ConfigMap link, std::string_view key) {
  std::vector<LinkPoint> curve;
  auto map = link.optional_map(key);
  if (!map) return curve;
  const std::vector<std::int64_t> bytes = map->counts("bytes");
  const std::vector<double> fractions = map->numbers("fraction");
  if (bytes.size() != fractions.size()) map->problem("fraction", "as many fractions as bytes are needed");
  for (std::size_t i = 0; i < std::min(bytes.size(), fractions.size()); ++i) {
    curve.push_back({static_cast<double>(bytes[i]), fractions[i]});
  }
  return curve;
}

// Rules of a curve: more bytes are neither carried at a lower rate nor in less time.
bool rises(const std::vector<LinkPoint>& curve) {
  return std::adjacent_find(curve.begin(), curve.end(), [](const LinkPoint& a, const LinkPoint& b) {
           return !(a.bytes < b.bytes && a.fraction <= b.fraction && b.fraction / b.bytes <= a.fraction / a.bytes);
         }) == curve.end();
}

}  // namespace

Network network_of(const Device& device) {
  return {device.devices_per_node, tier_of(device.link_bandwidth, device.node_link, device.collective),
          tier_of(device.network_bandwidth, device.cluster_link, device.collective)};
}

DeviceLink link_from(ConfigMap map) {
  DeviceLink link;
  link.curve = curve_from(map, "curve");
  link.switch_curve = curve_from(map, "switch_curve");
  if (link.curve.empty()) {
    link.latency = map.quantity<Seconds>("latency");
    link.plateau = map.number("plateau");
  }
  link.source = map.text("source");
  return link;
}

std::vector<std::string> violations(const DeviceLink& link, std::string_view tier) {
  std::vector<std::string> found;
  const auto require = [&](bool holds, std::string what) {
    if (!holds) found.push_back("links " + std::string(tier) + ": " + std::move(what));
  };
  require(link.plateau > 0, "plateau must be above 0");
  for (const auto* curve : {&link.curve, &link.switch_curve}) {
    require(std::all_of(curve->begin(), curve->end(), [](const LinkPoint& point) { return point.fraction > 0; }),
            "fractions of a curve must be above 0");
    require(rises(*curve), "along a curve bytes must rise, fractions must not fall and times must not fall");
  }
  return found;
}

}  // namespace mobasim
