#include "sim/device/device.h"

#include <fmt/format.h>

#include "sim/attention/attention.h"
#include "sim/base/config.h"
#include "sim/device/links.h"

namespace mobasim {
namespace {

const std::vector<std::string> kDtypes{"f32", "bf16", "fp16", "fp8", "nvfp4"};

std::vector<std::string> violations(const Efficiency& efficiency) {
  std::vector<std::string> found;
  if (!(efficiency.lo > 0)) found.emplace_back("lo must be above 0");
  if (!(efficiency.hi <= 1)) found.emplace_back("hi must be at most 1");
  if (!(efficiency.lo <= efficiency.value && efficiency.value <= efficiency.hi)) {
    found.push_back(fmt::format("lo <= value <= hi does not hold ({} <= {} <= {})", efficiency.lo, efficiency.value,
                                efficiency.hi));
  }
  return found;
}

Efficiency efficiency_from(ConfigMap map) {
  Efficiency efficiency;
  efficiency.value = map.fraction("value");
  efficiency.lo = map.fraction_or("lo", efficiency.value);
  efficiency.hi = map.fraction_or("hi", efficiency.value);
  const std::string basis = map.choice("basis", {"measured", "interpolated", "published", "assumed", "extrapolated"});
  efficiency.basis = basis_named(basis).value_or(Basis::assumed);
  efficiency.source = map.text("source");
  return efficiency;
}

// What was read, and where: the rules of an efficiency are checked once its numbers are known to be numbers.
using PlacedEfficiencies = std::vector<std::pair<ConfigMap, Efficiency>>;

// `linked`: there is more than one device, and collectives take time.
PlacedEfficiencies read_efficiencies(ConfigMap map, bool linked, Device& device) {
  PlacedEfficiencies placed;
  const auto read = [&](ConfigMap one) {
    placed.emplace_back(one, efficiency_from(one));
    return placed.back().second;
  };
  device.gemm = read(map.map("gemm"));
  device.memory_bound = read(map.map("memory_bound"));
  if (linked || map.has("collective")) device.collective = read(map.map("collective"));
  auto attention = map.optional_map("attention");
  if (!attention) return placed;
  for (const std::string& mechanism : attention_names()) {
    if (auto one = attention->optional_map(mechanism)) device.attention[mechanism] = read(*one);
  }
  return placed;
}

GemmCoefficients gemm_coefficients_from(ConfigMap map) {
  GemmCoefficients coefficients;
  if (auto efficiency = map.optional_map("efficiency")) {
    for (const std::string& dtype : kDtypes) {
      if (efficiency->has(dtype)) coefficients.efficiency[dtype] = efficiency->fraction(dtype);
    }
  }
  if (map.has("memory_efficiency")) coefficients.memory_efficiency = map.fraction("memory_efficiency");
  coefficients.ramp = map.number_or("ramp", coefficients.ramp);
  coefficients.small_tile_cost = map.number_or("small_tile_cost", coefficients.small_tile_cost);
  coefficients.spread = map.fraction_or("spread", coefficients.spread);
  coefficients.start = map.optional_quantity<Seconds>("start").value_or(Seconds(0));
  coefficients.source = map.text("source");
  return coefficients;
}

void check_gemm_coefficients(const Device& device, std::vector<std::string>& found) {
  const GemmCoefficients& coefficients = device.gemm_coefficients;
  const auto require = [&](bool holds, std::string what) {
    if (!holds) found.push_back("products: " + std::move(what));
  };
  for (const auto& [dtype, efficiency] : coefficients.efficiency) {
    require(efficiency > 0 && efficiency <= 1, "efficiency of " + dtype + " must be above 0 and at most 1");
    require(device.peak.contains(dtype), "efficiency of " + dtype + " needs a peak of it");
  }
  const double memory = coefficients.memory_efficiency.value_or(1);
  require(memory > 0 && memory <= 1, "memory_efficiency must be above 0 and at most 1");
  require(coefficients.ramp >= 0, "ramp must not be negative");
  require(coefficients.small_tile_cost >= 0, "small_tile_cost must not be negative");
}

void check_links(const Device& device, std::vector<std::string>& found) {
  const auto check = [&](const std::optional<DeviceLink>& link, ByteRate bandwidth, std::string_view tier) {
    if (!link) return;
    for (std::string& breach : violations(*link, tier)) found.push_back(std::move(breach));
    if (!(bandwidth > ByteRate(0))) found.push_back(fmt::format("links {}: there is no bandwidth for it", tier));
  };
  check(device.node_link, device.link_bandwidth, "node");
  check(device.cluster_link, device.network_bandwidth, "cluster");
}

void check_rows(const Device& device, std::vector<std::string>& found) {
  for (std::size_t i = 0; i < device.profile.size(); ++i) {
    const ProfileRow& row = device.profile[i];
    const auto bad = [&](std::string_view what) {
      found.push_back(fmt::format("profile row {} ({} {}): {}", i + 1, row.operation, row.implementation, what));
    };
    if (!(row.time > Seconds(0))) bad("the time must be above 0");
    if (!(row.time_lo > Seconds(0) && row.time_lo <= row.time && row.time <= row.time_hi)) {
      bad("0 < time_lo <= time <= time_hi does not hold");
    }
    if (row.operation == "attention" && (row.sequence < 1 || row.head_dim < 1 || !(row.flops > Flops(0)))) {
      bad("attention needs sequence, head_dim and flops");
    }
    if (row.operation == "layer" && (row.sequence < 1 || row.heads < 1 || row.kv_heads < 1 || row.head_dim < 1 ||
                                     row.hidden < 1 || row.ffn < 1 || !(row.flops > Flops(0)))) {
      bad("a layer needs sequence, heads, kv_heads, head_dim, hidden, ffn and flops");
    }
    if (row.operation == "gemm" && (row.m < 1 || row.n < 1 || row.k < 1 || !(row.flops > Flops(0)))) {
      bad("gemm needs m, n, k and flops");
    }
  }
}

}  // namespace

std::vector<std::string> violations(const Device& device) {
  std::vector<std::string> found;
  const auto require = [&](bool holds, std::string what) {
    if (!holds) found.push_back(std::move(what));
  };
  require(!device.name.empty(), "name is empty");
  require(!device.source.empty(), "source is empty");
  require(!device.peak.empty(), "peak: at least one dtype is needed, as in {bf16: 989 TFLOP/s}");
  for (const auto& [dtype, rate] : device.peak) require(rate > FlopRate(0), "peak " + dtype + " must be above 0");
  require(device.memory > Bytes(0), "memory must be above 0");
  require(device.memory_bandwidth > ByteRate(0), "memory_bandwidth must be above 0");
  require(device.reserved_memory < device.memory, "reserved_memory must be less than memory");
  require(device.devices_per_node >= 1, "devices_per_node must be at least 1");
  require(device.devices_per_node == 1 || device.link_bandwidth > ByteRate(0),
          "devices_per_node above 1 needs link_bandwidth");
  if (device.price) require(*device.price >= DollarRate(0), "price must not be negative");
  const auto check = [&](const Efficiency& efficiency, const std::string& what) {
    for (const std::string& breach : violations(efficiency)) found.push_back("efficiency of " + what + ": " + breach);
  };
  check(device.gemm, "gemm");
  check(device.memory_bound, "memory_bound");
  check(device.collective, "collective");
  for (const auto& [mechanism, efficiency] : device.attention) check(efficiency, "attention " + mechanism);
  require(device.profile_slowdown > 0, "profile_slowdown must be above 0");
  require(device.multiprocessors >= 1, "multiprocessors must be at least 1");
  check_gemm_coefficients(device, found);
  check_links(device, found);
  check_rows(device, found);
  return found;
}

Device device_from(const std::filesystem::path& path) {
  ConfigFile file = ConfigFile::read(path);
  ConfigMap root = file.root();
  Device device;
  device.name = root.text("name");
  device.source = root.text("source");
  ConfigMap peak = root.map("peak");
  for (const std::string& dtype : kDtypes) {
    if (auto rate = peak.optional_quantity<FlopRate>(dtype)) device.peak[dtype] = *rate;
  }
  device.memory = root.quantity<Bytes>("memory");
  device.memory_bandwidth = root.quantity<ByteRate>("memory_bandwidth");
  device.reserved_memory = root.optional_quantity<Bytes>("reserved_memory").value_or(Bytes(0));
  device.multiprocessors = root.count_or("multiprocessors", 1);
  device.devices_per_node = root.count_or("devices_per_node", 1);
  device.link_bandwidth = root.optional_quantity<ByteRate>("link_bandwidth").value_or(ByteRate(0));
  device.network_bandwidth = root.optional_quantity<ByteRate>("network_bandwidth").value_or(ByteRate(0));
  device.host_bandwidth = root.optional_quantity<ByteRate>("host_bandwidth").value_or(ByteRate(0));
  if (auto links = root.optional_map("links")) {
    if (auto node = links->optional_map("node")) device.node_link = link_from(*node);
    if (auto cluster = links->optional_map("cluster")) device.cluster_link = link_from(*cluster);
  }
  device.price = root.optional_quantity<DollarRate>("price");
  device.price_source = root.text_or("price_source", "");
  const bool several = device.link_bandwidth > ByteRate(0) || device.network_bandwidth > ByteRate(0);
  PlacedEfficiencies efficiencies = read_efficiencies(root.map("efficiency"), several, device);
  if (auto coefficients = root.optional_map("products"))
    device.gemm_coefficients = gemm_coefficients_from(*coefficients);
  const std::optional<std::string> table = root.optional_text("profile");
  device.profile_slowdown = root.number_or("profile_slowdown", 1);
  file.finish();
  for (auto& [map, efficiency] : efficiencies) map.problems(violations(efficiency));
  file.finish();
  if (table) {
    device.profile_file = path.parent_path() / *table;
    device.profile = read_profile(device.profile_file);
    for (ProfileRow& row : device.profile) {
      if (device.profile_slowdown == 1) break;
      row.time *= device.profile_slowdown;
      row.time_lo *= device.profile_slowdown;
      row.time_hi *= device.profile_slowdown;
      row.basis = worst(row.basis, Basis::assumed);
    }
  }
  root.problems(violations(device));
  file.finish();
  return device;
}

}  // namespace mobasim
