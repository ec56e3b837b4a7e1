#include "sim/memory.h"

namespace mobasim {
namespace {

MemoryModel memory_model(const Run& run) {
  const std::string full = run.kernels.full.empty() ? attention_of(run.stack, run.device.name) : run.kernels.full;
  return {run.model, run.stack, full, run.kernels.moba, run.workload.dtype, run.workload.sequence};
}

}  // namespace

std::vector<MemoryPart> memory_parts(const Run& run) {
  const MemoryUse use = memory_model(run).worst(run.workload, run.layout);
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

std::vector<std::string> remedies(const Run& run) {
  return remedies(memory_model(run), run.workload, run.layout, allocatable(run.device).value());
}

}  // namespace mobasim
