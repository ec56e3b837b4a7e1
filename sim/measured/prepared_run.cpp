#include "sim/measured/prepared_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/measured/candidates.h"

namespace mobasim {
namespace {

// The device with the nodes and the network that the row states.
Device device_of_run(Device device, const MeasuredRun& run) {
  if (run.network_bandwidth) device.network_bandwidth = ByteRate(*run.network_bandwidth);
  if (run.devices_per_node > 0) device.devices_per_node = run.devices_per_node;
  return device;
}

std::string problem_of_device(const MeasuredRun& run, const Device& device) {
  if (!device.peak.contains(run.workload.dtype)) {
    return fmt::format("{} has no peak for {}", device.name, run.workload.dtype);
  }
  if (run.workload.sequence > kLongestSequence) return fmt::format("sequence must be at most {}", kLongestSequence);
  const bool spans_nodes = run.devices > device.devices_per_node;
  const ByteRate slowest = spans_nodes ? device.network_bandwidth : device.link_bandwidth;
  if (run.devices > 1 && !(slowest > ByteRate(0)))
    return fmt::format("{} has no link for this many devices", device.name);
  return "";
}

double candidate_time(const PreparedRun& run, const Candidate& candidate, const StackConstants& constants) {
  const StepModel& model = run.evaluator->step();
  const double time = model.time(run.global_batch, candidate.execution, constants).total();
  if (candidate.recomputed_share == 0) return time;
  Execution again = candidate.execution;
  again.recompute = Recompute::full;
  const double all_again = model.time(run.global_batch, again, constants).total();
  return time + candidate.recomputed_share * (all_again - time);
}

}  // namespace

Fastest fastest(const PreparedRun& run, const StackConstants& constants) {
  Fastest best;
  for (std::size_t i = 0; i < run.candidates.size(); ++i) {
    const double time = candidate_time(run, run.candidates[i], constants);
    if (i == 0 || time < best.time) best = {i, time};
  }
  return best;
}

double shown_memory(double allocated, const std::string& memory_kind, double reserved_memory) {
  const std::string kind = lower_case(memory_kind);
  if (contains_any(kind, {"nvidia-smi"})) return allocated * kReservedOverAllocated + reserved_memory;
  if (contains_any(kind, {"reserved"})) return allocated * kReservedOverAllocated;
  return allocated;
}

RunPreparer::RunPreparer(std::filesystem::path configs, std::vector<Stack> stacks)
    : configs_(std::move(configs)),
      stacks_(std::move(stacks)),
      rules_(choice_rules_from(configs_ / "stacks" / "choice.csv")) {}

const Device& RunPreparer::device(const std::string& name) {
  const auto found = devices_.find(name);
  if (found != devices_.end()) return found->second;
  return devices_.emplace(name, device_from(configs_ / "devices" / (name + ".yaml"))).first->second;
}

std::shared_ptr<const DeviceTables> RunPreparer::tables(const Device& device, const std::string& dtype) {
  const Placed key{device.name, device.devices_per_node, device.network_bandwidth.value(), dtype};
  std::shared_ptr<const DeviceTables>& found = tables_[key];
  if (!found) found = std::make_shared<const DeviceTables>(device, dtype);
  return found;
}

PreparedRun RunPreparer::prepared(const MeasuredRun& run) {
  PreparedRun result;
  const StackChoice choice = stack_choice(rules_, run.framework, run.gpu, run.source);
  result.device = choice.device;
  result.stack = choice.stack;
  result.reason = run.reason;
  if (!choice.reason.empty()) result.reason += (result.reason.empty() ? "" : "; ") + choice.reason;
  if (result.reason.empty()) result.reason = not_modelled(run.model);
  if (!result.reason.empty()) return result;
  const auto stack = std::ranges::find(stacks_, choice.stack, &Stack::name);
  if (stack == stacks_.end()) throw ConfigError(fmt::format("the chosen stack '{}' has no file", choice.stack));
  const Device placed = device_of_run(device(choice.device), run);
  result.reason = problem_of_device(run, placed);
  if (!result.reason.empty()) return result;
  try {
    result.evaluator =
        std::make_shared<const Evaluator>(run.model, tables(placed, run.workload.dtype),
                                          with_changes(*stack, run.changes), KernelChoice{}, run.workload.sequence);
    result.global_batch = run.workload.global_batch;
    result.reserved_memory = placed.reserved_memory.value();
    const double available = placed.memory.value() - result.reserved_memory;
    MeasuredRun asked = run;
    if (!stack->policy.recomputes && !run.free.split) asked.free.recompute = false;  // the reader's first choice: none
    result.candidates = candidates_of(asked, result.evaluator->memory(), available, placed, result.reason);
  } catch (const std::exception& error) {  // what is not modelled, of this row alone
    result.reason = error.what();
  }
  return result;
}

}  // namespace mobasim
