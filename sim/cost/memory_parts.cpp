#include "sim/cost/memory_parts.h"

#include "sim/device/dtype.h"

namespace mobasim {

MemoryModel memory_model_of(const Run& run) {
  const Workload& workload = run.workload;
  const std::vector<std::string> kernels = attention_kernels(run.model, run.device, run.stack, run.kernels,
                                                             attention_dtype(workload.dtype), workload.sequence);
  return {run.model, run.stack, kernels, workload.dtype, workload.sequence};
}

std::vector<MemoryPart> memory_parts(const Run& run) {
  const MemoryUse use = memory_model_of(run).worst(run.workload, run.layout);
  std::vector<MemoryPart> parts;
  for (std::size_t i = 0; i < kMemoryComponents; ++i) {
    const auto component = static_cast<MemoryComponent>(i);
    if (component > MemoryComponent::activations && use.bytes[i] == 0) continue;  // of another moment
    parts.push_back({std::string(name(component)), Bytes(use.bytes[i])});
  }
  parts.push_back({"allocator", Bytes((kReservedOverAllocated - 1) * use.total())});
  parts.push_back({"reserved", run.device.reserved_memory});
  return parts;
}

}  // namespace mobasim
