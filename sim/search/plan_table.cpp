#include "sim/search/plan_table.h"

#include <optional>

#include "sim/search/remedies.h"

namespace mobasim {
namespace {

Cell dollars(const std::optional<Dollars>& price) { return price ? Cell(price->value()) : Cell(); }

}  // namespace

Table plan_table(const Run& run, const RunCost& cost) {
  Table table;
  std::vector<Cell> cells;
  const auto put = [&](std::string column, Cell cell) {
    table.columns.push_back(std::move(column));
    cells.push_back(std::move(cell));
  };
  put("run", run.name);
  put("model", run.model.name);
  put("device", run.device.name);
  put("attention", attention_description(run.model));
  put("sequence", run.workload.sequence);
  put("global_batch", run.workload.global_batch);
  put("microbatch", run.execution.microbatch);
  put("data", run.execution.layout.data);
  put("tensor", run.execution.layout.tensor);
  put("sequence_parallel", run.execution.layout.sequence_parallel);
  put("context", run.execution.layout.context);
  put("context_algorithm",
      run.execution.layout.context > 1 ? Cell(std::string(name(run.execution.layout.context_algorithm))) : Cell());
  put("pipeline", run.execution.layout.pipeline);
  put("virtual_stages", run.execution.layout.virtual_stages);
  put("schedule", run.execution.layout.pipeline > 1 ? Cell(std::string(name(run.execution.layout.schedule))) : Cell());
  put("devices", devices(run.execution.layout));
  put("stack", run.stack.name);
  put("zero_stage", run.execution.layout.zero_stage);
  put("tokens", run.workload.tokens);
  put("steps", cost.steps);
  put("step_time_s", cost.step_time.value());
  put("step_time_lo_s", cost.step_time_lo.value());
  put("step_time_hi_s", cost.step_time_hi.value());
  put("run_time_s", cost.run_time.value());
  put("run_time_lo_s", cost.run_time_lo.value());
  put("run_time_hi_s", cost.run_time_hi.value());
  put("gpu_hours", cost.device_hours);
  put("gpu_hours_lo", cost.device_hours_lo);
  put("gpu_hours_hi", cost.device_hours_hi);
  put("price_usd", dollars(cost.price));
  put("price_lo_usd", dollars(cost.price_lo));
  put("price_hi_usd", dollars(cost.price_hi));
  put("mfu", cost.mfu);
  put("step_model_flops", cost.step_model_flops.value());
  put("run_model_flops", cost.run_model_flops.value());
  put("run_6nd_flops", cost.run_6nd.value());
  put("peak_memory_bytes", cost.peak_memory.value());
  put("device_memory_bytes", run.device.memory.value());
  put("fits", cost.fits);
  put("basis", std::string(name(cost.basis)));
  table.rows.push_back(std::move(cells));
  return table;
}

Table breakdown_table(const RunCost& cost) {
  Table table{{"kind", "part", "time_s", "time_lo_s", "time_hi_s", "bytes", "share", "basis", "note"}, {}};
  const auto time_row = [&](const StepPart& part) {
    const bool any = part.time > Seconds(0);
    table.rows.push_back({std::string("time"), part.name, part.time.value(), part.lo.value(), part.hi.value(), Cell(),
                          part.time / cost.step_time, any ? Cell(std::string(name(part.basis))) : Cell(), part.note});
  };
  for (const StepPart& part : cost.step_parts) time_row(part);
  time_row({"step", cost.step_time, cost.step_time_lo, cost.step_time_hi, cost.basis, ""});
  for (const MemoryPart& part : cost.memory_parts) {
    table.rows.push_back({std::string("memory"), part.name, Cell(), Cell(), Cell(), part.bytes.value(),
                          part.bytes / cost.peak_memory, Cell(), Cell()});
  }
  table.rows.push_back({std::string("memory"), std::string("peak"), Cell(), Cell(), Cell(), cost.peak_memory.value(),
                        1.0, Cell(), std::string(cost.fits ? "fits" : "does not fit")});
  return table;
}

std::vector<std::string> plan_notes(const Run& run, const RunCost& cost) {
  std::vector<std::string> notes = cost.notes;
  if (!cost.fits) {
    for (const std::string& remedy : remedies(run)) notes.push_back("memory: " + remedy);
  }
  if (run.device.price && !run.device.price_source.empty()) notes.push_back("price: " + run.device.price_source);
  return notes;
}

}  // namespace mobasim
