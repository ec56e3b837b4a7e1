// A device: its limits (peaks, memory, links), its price, and the table of what was measured on it.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/basis.h"
#include "sim/base/profile.h"
#include "sim/base/units.h"
#include "sim/network/network.h"

namespace mobasim {

// A value with its range and how it is known; lo <= value <= hi.
struct Efficiency {
  double value = 1, lo = 1, hi = 1;
  Basis basis = Basis::assumed;
  std::string source;
};

// How far the libraries of gemms get (sim/device/gemm_model.h says what each number does).
struct GemmCoefficients {
  std::map<std::string, double> efficiency;  // per dtype, of the peak in long gemms; others as bf16, else `gemm`
  std::optional<double> memory_efficiency;   // of the bandwidth; without it `gemm`
  double ramp = 0;                           // values of k
  double small_tile_cost = 0;
  double spread = 1;
  Seconds start;
  std::string source;
};

// How a link serves collectives, beside its bandwidth (sim/network/network.h says what each number does).
struct DeviceLink {
  Seconds latency;  // without a curve
  double plateau = 1;
  std::vector<LinkPoint> curve, switch_curve;
  std::string source;
};

struct Device {
  std::string name;
  std::string source;
  std::map<std::string, FlopRate> peak;  // per dtype, dense, no sparsity
  Bytes memory;
  ByteRate memory_bandwidth;
  Bytes reserved_memory;             // context and libraries: not the run's to use
  std::int64_t multiprocessors = 1;  // SMs, compute units; 1: gemms are not quantised into waves
  std::int64_t devices_per_node = 1;
  ByteRate link_bandwidth;     // per device and direction inside a node; 0: single device
  ByteRate network_bandwidth;  // per device and direction between nodes; 0: single node
  ByteRate host_bandwidth;     // per device and direction to the host's memory; 0: not known
  std::optional<DeviceLink> node_link, cluster_link;
  std::optional<DollarRate> price;  // per device
  std::string price_source;
  // Where no measured row applies: fraction of the peak (gemm, attention by mechanism) or of the bandwidth.
  Efficiency gemm, memory_bound, collective;
  std::map<std::string, Efficiency> attention;
  GemmCoefficients gemm_coefficients;
  std::filesystem::path profile_file;  // of `profile`; empty: none
  double profile_slowdown = 1;         // of a table borrowed from another device: its times are multiplied by this
  std::vector<ProfileRow> profile;     // measured or published
};

[[nodiscard]] std::vector<std::string> violations(const Device& device);
[[nodiscard]] Device device_from(const std::filesystem::path& file);  // throws ConfigError

}  // namespace mobasim
