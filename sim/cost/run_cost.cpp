#include "sim/cost/run_cost.h"

#include <fmt/format.h>

#include "sim/cost/memory_parts.h"
#include "sim/cost/step_cost.h"
#include "sim/run/run_rules.h"

namespace mobasim {
namespace {

void add_time(const StepCost& step, const Run& run, RunCost& cost) {
  const auto devices = static_cast<double>(mobasim::devices(run.layout));
  cost.step_time = step.time, cost.step_time_lo = step.lo, cost.step_time_hi = step.hi;
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

void add_memory(const Run& run, RunCost& cost) {
  cost.memory_parts = memory_parts(run);
  for (const MemoryPart& part : cost.memory_parts) cost.peak_memory += part.bytes;
  cost.fits = cost.peak_memory <= run.device.memory;
  if (!cost.fits) {
    cost.notes.push_back(fmt::format("does not fit: {:.1f} GB of {:.1f} GB; of these {:.1f} GB can be allocated",
                                     cost.peak_memory.value() / 1e9, run.device.memory.value() / 1e9,
                                     allocatable(run.device).value() / 1e9));
  }
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
    values += active_matrix_values(group, model.hidden) * static_cast<double>(group.layers);
  }
  return Flops(6 * values) + attention_flops_per_token(model, sequence);
}

RunCost cost_of(const Run& run) {
  if (const auto found = violations(run); !found.empty()) {
    std::vector<Problem> problems;
    for (const std::string& what : found) problems.push_back({{run.name}, what});
    throw ConfigError(problems);
  }
  RunCost cost;
  const double step_tokens =
      static_cast<double>(run.workload.global_batch) * static_cast<double>(run.workload.sequence);
  cost.steps = run.workload.tokens / step_tokens;
  cost.step_model_flops = model_flops_per_token(run.model, run.workload.sequence, true) * step_tokens;
  cost.run_model_flops = cost.step_model_flops * cost.steps;
  cost.step_6nd = Flops(6 * non_embedding_of_6nd(run.model) * step_tokens);
  cost.run_6nd = cost.step_6nd * cost.steps;
  StepCost step = step_cost(run);
  cost.notes = std::move(step.notes);
  cost.step_parts = step.parts;
  add_time(step, run, cost);
  add_memory(run, cost);
  return cost;
}

}  // namespace mobasim
