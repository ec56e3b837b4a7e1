// What a device says of times in one number format, prepared once: every layer, sequence and layout is then looked up.
#pragma once

#include <string>
#include <string_view>

#include "sim/base/units.h"
#include "sim/device/attention_table.h"
#include "sim/device/device.h"
#include "sim/device/gemm_model.h"
#include "sim/network/network.h"

namespace mobasim {

struct DeviceTables {
  // `dtype`: of the gemms. Throws Unsupported for a format that the device has no peak of.
  DeviceTables(const Device& device, std::string_view dtype);

  std::string device;           // its name
  std::string dtype;            // of the layers' gemms
  std::string attention_dtype;  // of attention, the head and everything between
  GemmModel gemm;               // of the layers
  GemmModel head_gemm;          // of the head: 16-bit where the layers are narrower
  AttentionTable attention;
  Network network;
  Bytes memory, reserved_memory;
  double peak = 0, head_peak = 0;  // FLOP/s in the two formats
  double memory_rate = 0;          // bytes/s that operations bound by memory reach (A29)
  double host_rate = 0;            // bytes/s between device and host
  // What is assumed of the device where it has no rows, with the range of each.
  Efficiency assumed_gemm, memory_bound, collective;
};

}  // namespace mobasim
