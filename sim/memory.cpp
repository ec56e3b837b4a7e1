#include "sim/memory.h"

namespace mobasim {
namespace {

MemoryModel memory_model(const Run& run, const StackProfile& stack) {
  return {run.model, stack, run.kernels.full, run.kernels.moba, run.workload.dtype, run.workload.sequence};
}

}  // namespace

std::vector<MemoryPart> memory_parts(const Run& run, const StackProfile& stack) {
  const MemoryUse use = memory_model(run, stack).worst(run.workload, run.layout);
  std::vector<MemoryPart> parts;
  for (std::size_t i = 0; i < kMemoryComponents; ++i) {
    const auto component = static_cast<MemoryComponent>(i);
    if (component > MemoryComponent::activations && use.bytes[i] == 0) continue;  // of another moment
    parts.push_back({std::string(name(component)), Bytes(use.bytes[i])});
  }
  parts.push_back({"reserved", run.device.reserved_memory});
  return parts;
}

std::vector<std::string> remedies(const Run& run, const StackProfile& stack) {
  const Bytes capacity = run.device.memory - run.device.reserved_memory;
  return remedies(memory_model(run, stack), run.workload, run.layout, capacity.value());
}

}  // namespace mobasim
