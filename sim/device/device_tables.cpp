#include "sim/device/device_tables.h"

#include "sim/device/dtype.h"
#include "sim/device/links.h"

namespace mobasim {

DeviceTables::DeviceTables(const Device& of, std::string_view format)
    : device(of.name),
      dtype(format),
      attention_dtype(mobasim::attention_dtype(format)),
      gemm(gemm_model(of, dtype)),
      head_gemm(attention_dtype == dtype ? gemm : gemm_model(of, attention_dtype)),
      attention(of, attention_dtype),
      network(network_of(of)),
      memory(of.memory),
      reserved_memory(of.reserved_memory),
      peak(of.peak.at(dtype).value()),
      head_peak(of.peak.at(attention_dtype).value()),
      memory_rate(of.memory_bandwidth.value() * of.memory_bound.value),
      host_rate(of.host_bandwidth.value()),
      assumed_gemm(of.gemm),
      memory_bound(of.memory_bound),
      collective(of.collective) {}

}  // namespace mobasim
