#include "sim/cost/run_cost.h"

#include <fmt/format.h>

#include "sim/cost/evaluator.h"
#include "sim/cost/step_cost.h"
#include "sim/model/layer_matrices.h"
#include "sim/run/run_rules.h"

namespace mobasim {
namespace {

void add_time(const StepCost& step, const Run& run, RunCost& cost) {
  const auto devices = static_cast<double>(mobasim::devices(run.execution.layout));
  cost.step_time = step.time;
  cost.step_time_lo = step.lo;
  cost.step_time_hi = step.hi;
  cost.run_time = step.time * cost.steps;
  cost.run_time_lo = step.lo * cost.steps;
  cost.run_time_hi = step.hi * cost.steps;
  cost.device_hours = cost.run_time / kHour * devices;
  cost.device_hours_lo = cost.run_time_lo / kHour * devices;
  cost.device_hours_hi = cost.run_time_hi / kHour * devices;
  if (run.device.price) {
    cost.price = *run.device.price * cost.run_time * devices;
    cost.price_lo = *run.device.price * cost.run_time_lo * devices;
    cost.price_hi = *run.device.price * cost.run_time_hi * devices;
  }
  const FlopRate peak = run.device.peak.at(run.workload.dtype) * devices;
  cost.mfu = cost.step_model_flops / peak / step.time;
  cost.basis = step.basis;
}

std::vector<MemoryPart> memory_parts(const Run& run, const MemoryUse& use) {
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

void add_memory(const Run& run, const MemoryUse& use, RunCost& cost) {
  cost.memory_parts = memory_parts(run, use);
  for (const MemoryPart& part : cost.memory_parts) cost.peak_memory += part.bytes;
  cost.fits = cost.peak_memory <= run.device.memory;
  if (!cost.fits) {
    cost.notes.push_back(fmt::format("does not fit: {:.1f} GB of {:.1f} GB; of these {:.1f} GB can be allocated",
                                     cost.peak_memory.value() / 1e9, run.device.memory.value() / 1e9,
                                     allocatable(run.device).value() / 1e9));
  }
}

void require_no_violations(const Run& run) {
  const std::vector<std::string> found = violations(run);
  if (found.empty()) return;
  std::vector<ConfigError::Problem> problems;
  for (const std::string& what : found) problems.push_back({{run.name}, what});
  throw ConfigError(problems);
}

}  // namespace

Flops attention_flops_per_token(const ModelShape& model, std::int64_t sequence) {
  Flops total;
  for (const LayerGroup& group : model.groups) {
    const AttentionShape shape{sequence, 1, group.heads, group.kv_heads, group.head_dim};
    const AttentionWork all = work(group.attention, shape, 2);  // bytes do not change a FLOP count
    total += (all.forward + all.backward) * static_cast<double>(group.layers);
  }
  return total / static_cast<double>(sequence);
}

Flops model_flops_per_token(const ModelShape& model, std::int64_t sequence, bool head) {
  double values = head ? static_cast<double>(model.hidden) * static_cast<double>(model.vocab) : 0;
  for (const LayerGroup& group : model.groups) {
    values += active_matrix_values(model, group) * static_cast<double>(group.layers);
  }
  return Flops(6 * values) + attention_flops_per_token(model, sequence);
}

RunCost cost_of(const Run& run) {
  require_no_violations(run);
  return cost_of(run, std::make_shared<const DeviceTables>(run.device, run.workload.dtype));
}

RunCost cost_of(const Run& run, const std::shared_ptr<const DeviceTables>& tables) {
  require_no_violations(run);
  RunCost cost;
  const double step_tokens =
      static_cast<double>(run.workload.global_batch) * static_cast<double>(run.workload.sequence);
  cost.steps = run.workload.tokens / step_tokens;
  cost.step_model_flops = model_flops_per_token(run.model, run.workload.sequence, true) * step_tokens;
  cost.run_model_flops = cost.step_model_flops * cost.steps;
  cost.step_6nd = Flops(6 * non_embedding_of_6nd(run.model) * step_tokens);
  cost.run_6nd = cost.step_6nd * cost.steps;
  const Evaluator evaluator(run.model, tables, run.stack, run.kernels, run.workload.sequence);
  StepCost step = step_cost(run, evaluator.step(), *tables);
  cost.notes = std::move(step.notes);
  cost.step_parts = step.parts;
  add_time(step, run, cost);
  add_memory(run, evaluator.memory().worst(run.workload.global_batch, run.execution), cost);
  return cost;
}

}  // namespace mobasim
