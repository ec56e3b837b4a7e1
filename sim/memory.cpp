#include "sim/memory.h"

namespace mobasim {

std::vector<MemoryPart> memory_parts(const Run& run) {
  const MemoryModel model(run.model, {}, run.kernels.full, run.kernels.moba, run.workload.dtype, run.workload.sequence);
  const MemoryUse use = model.worst(run.workload, run.layout);
  std::vector<MemoryPart> parts;
  for (std::size_t i = 0; i < kMemoryComponents; ++i) {
    const auto component = static_cast<MemoryComponent>(i);
    if (component > MemoryComponent::activations && use.bytes[i] == 0) continue;  // of another moment
    parts.push_back({std::string(name(component)), Bytes(use.bytes[i])});
  }
  parts.push_back({"reserved", run.device.reserved_memory});
  return parts;
}

}  // namespace mobasim
