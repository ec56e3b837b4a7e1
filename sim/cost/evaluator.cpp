#include "sim/cost/evaluator.h"

#include <string_view>
#include <utility>
#include <vector>

namespace mobasim {
namespace {

MemoryModel memory_model(const ModelShape& model, const DeviceTables& tables, const Stack& stack,
                         const KernelsOfRun& kernels, std::int64_t sequence) {
  std::vector<std::string_view> names;
  names.reserve(model.groups.size());
  for (const LayerGroup& group : model.groups) names.push_back(kernels.of(group, sequence).name());
  return {model, stack.policy, names, tables.dtype, sequence};
}

}  // namespace

Evaluator::Evaluator(const ModelShape& model, std::shared_ptr<const DeviceTables> tables, const Stack& stack,
                     const KernelChoice& kernels, std::int64_t sequence)
    : Evaluator(model, tables, stack, KernelsOfRun(tables->attention, tables->device, stack, kernels), sequence) {}

Evaluator::Evaluator(const ModelShape& model, std::shared_ptr<const DeviceTables> tables, const Stack& stack,
                     const KernelsOfRun& kernels, std::int64_t sequence)
    : allocatable_(allocatable(*tables).value()),
      step_(model, tables, stack, kernels, sequence),
      memory_(memory_model(model, *tables, stack, kernels, sequence)) {}

Evaluation Evaluator::evaluate(std::int64_t global_batch, const Execution& execution) const {
  Evaluation result{step_.time(global_batch, execution), memory_.worst(global_batch, execution)};
  result.fits = result.memory.total() <= allocatable_;
  return result;
}

Evaluator evaluator_of(const Run& run) {
  return {run.model, std::make_shared<const DeviceTables>(run.device, run.workload.dtype), run.stack, run.kernels,
          run.workload.sequence};
}

}  // namespace mobasim
