#include "sim/measured/prepared_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/device/dtype.h"
#include "sim/measured/candidates.h"
#include "sim/memory/memory_model.h"

namespace mobasim {
namespace {

// The model without what says where it comes from.
ModelShape anonymous(ModelShape model) {
  model.name.clear();
  model.source.clear();
  return model;
}

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

double candidate_time(const StepModel& model, const Candidate& candidate, const StackConstants& constants) {
  const double time = model.time(candidate.workload, candidate.layout, constants).total();
  if (candidate.recomputed_share == 0) return time;
  Workload again = candidate.workload;
  again.recompute = Recompute::full;
  const double all_again = model.time(again, candidate.layout, constants).total();
  return time + candidate.recomputed_share * (all_again - time);
}

}  // namespace

Fastest fastest(const PreparedRun& run, const StackConstants& constants) {
  Fastest best;
  for (std::size_t i = 0; i < run.candidates.size(); ++i) {
    const double time = candidate_time(*run.model, run.candidates[i], constants);
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

RunPreparer::Models RunPreparer::models(const MeasuredRun& run, const Device& device, const Stack& stack) {
  const ModelKey key{device.name, device.devices_per_node, device.network_bandwidth, stack.name,
                     run.changes, run.workload.sequence,   run.workload.dtype,       anonymous(run.model)};
  const auto found = std::ranges::find(models_, key, &std::pair<ModelKey, Models>::first);
  if (found != models_.end()) return found->second;
  const std::vector<std::string> kernels = attention_kernels(
      run.model, device, stack, KernelChoice{}, attention_dtype(run.workload.dtype), run.workload.sequence);
  Models built;
  built.step = std::make_shared<const StepModel>(run.model, device, stack, KernelChoice{}, run.workload.dtype,
                                                 run.workload.sequence);
  built.memory =
      std::make_shared<const MemoryModel>(run.model, stack, kernels, run.workload.dtype, run.workload.sequence);
  return models_.emplace_back(key, built).second;
}

PreparedRun RunPreparer::prepared(const MeasuredRun& run) {
  PreparedRun result;
  const StackChoice choice = stack_choice(rules_, run.framework, run.gpu, run.source);
  result.device = choice.device, result.stack = choice.stack;
  result.reason = run.reason;
  if (!choice.reason.empty()) result.reason += (result.reason.empty() ? "" : "; ") + choice.reason;
  if (result.reason.empty()) result.reason = not_modelled(run.model);
  if (!result.reason.empty()) return result;
  const auto policy = std::ranges::find(stacks_, choice.stack, &Stack::name);
  if (policy == stacks_.end()) throw ConfigError(fmt::format("the chosen stack '{}' has no file", choice.stack));
  const Device placed = device_of_run(device(choice.device), run);
  result.reason = problem_of_device(run, placed);
  if (!result.reason.empty()) return result;
  try {
    const Models built = models(run, placed, with_changes(*policy, run.changes));
    result.model = built.step;
    result.reserved_memory = placed.reserved_memory.value();
    const double available = placed.memory.value() - result.reserved_memory;
    MeasuredRun asked = run;
    if (!policy->recomputes && !run.free.split) asked.free.recompute = false;  // the reader's first choice: none
    result.candidates = candidates_of(asked, *built.memory, available, placed, result.reason);
  } catch (const std::exception& error) {  // what is not modelled, of this row alone
    result.reason = error.what();
  }
  return result;
}

}  // namespace mobasim
