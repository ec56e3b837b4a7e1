#include "sim/cost/step_cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/text.h"
#include "sim/cost/interval.h"
#include "sim/step/step_model.h"
#include "sim/step/timed_attention.h"

namespace mobasim {
namespace {

std::vector<std::string> notes_on_attention(const Run& run) {
  std::vector<std::string> notes;
  for (const LayerGroup& group : run.model.groups) {
    if (std::holds_alternative<FullAttention>(group.attention)) continue;
    if (!is_full_at(group.attention, run.workload.sequence)) continue;
    std::string note = description(group.attention) + " at sequence " + std::to_string(run.workload.sequence) +
                       " attends to everything: identical to full attention, and costs the same";
    if (const auto* moba = std::get_if<Moba>(&group.attention)) {
      note += " (top_k * block = " + std::to_string(moba->top_k * moba->block) + " >= sequence)";
    }
    if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
  }
  return notes;
}

std::vector<std::string> notes_on_stack(const Run& run) {
  if (!run.stack.evidence) {
    return {fmt::format("the stack '{}' is uncalibrated: no measured run backs its times", run.stack.name)};
  }
  const StackEvidence& evidence = *run.stack.evidence;
  return {fmt::format("the stack '{}' is calibrated on {} measured runs of {}", run.stack.name, evidence.rows,
                      joined(evidence.sources))};
}

std::vector<std::string> notes_on_model(const Run& run) {
  const std::string_view missing = not_modelled(run.model);
  if (missing.empty()) return {};
  return {
      fmt::format("{}: experts are taken as evenly used and the traffic between them as free, so that the time is a "
                  "lower estimate (A31); no measured run backs it",
                  missing)};
}

// What MoBA exchanges over a context group: nothing to say of one device or of whole heads.
std::vector<std::string> notes_on_context(const Run& run, const StepModel& model) {
  const Layout& layout = run.execution.layout;
  if (layout.context == 1 || layout.context_algorithm == ContextAlgorithm::ulysses) return {};
  const bool routed = std::any_of(run.model.groups.begin(), run.model.groups.end(), [&](const LayerGroup& group) {
    return count(group.attention, run.workload.sequence).picks > 0;
  });
  if (!routed) return {};
  return {model.queries_travel(run.execution)
              ? "MoBA over the context group: mean keys are gathered and queries sent to where their blocks lie, "
                "cheaper here than gathering keys and values"
              : "MoBA over the context group: keys and values are gathered, cheaper here than mean keys and queries "
                "sent to where their blocks lie"};
}

// The interval of a calibrated stack is what its measured runs leave. Of a model that is not modelled as a whole there
// are none: each part then has the wider of what its own sources leave open and what is taken without evidence (A75).
void set_interval(const Run& run, const StepTime& step, StepTime& least, StepTime& most) {
  const bool backed = not_modelled(run.model).empty();
  if (backed && !run.stack.evidence) return;
  Stack stack = run.stack;
  if (!backed) stack.evidence.reset();
  const double width = std::exp(log_half_width(stack, run.device.name, run.workload.sequence, devices(run.execution.layout)));
  for (std::size_t i = 0; i < kTimeParts; ++i) {
    const double lo = step.seconds[i] / width, hi = step.seconds[i] * width;
    least.seconds[i] = backed ? lo : std::min(least.seconds[i], lo);
    most.seconds[i] = backed ? hi : std::max(most.seconds[i], hi);
  }
}

std::string note_on_attention(const Run& run, const DeviceTables& tables) {
  const KernelsOfRun kernels(tables.attention, tables.device, run.stack, run.kernels);
  return step::attention_note(run.model, tables.attention, kernels, run.workload.sequence);
}

constexpr double kCounts = 0.01;  // of the step's time: parts below do not decide what it rests on

// The bubble is exact arithmetic on the other parts.
Basis basis_of(const StepModel& model, const StepTime& step, TimePart part) {
  if (part != TimePart::bubble) return model.basis(part);
  Basis basis = Basis::measured;
  for (std::size_t i = 0; i < kTimeParts; ++i) {
    const auto other = static_cast<TimePart>(i);
    if (other != TimePart::bubble && step.seconds[i] >= kCounts * step.total())
      basis = worst(basis, model.basis(other));
  }
  return basis;
}

}  // namespace

StepCost step_cost(const Run& run, const StepModel& model, const DeviceTables& tables) {
  const std::int64_t batch = run.workload.global_batch;
  const StepTime step = model.time(batch, run.execution);
  StepTime least = model.time(batch, run.execution, model.least_constants());
  StepTime most = model.time(batch, run.execution, model.most_constants());
  set_interval(run, step, least, most);
  StepCost cost;
  for (std::size_t i = 0; i < kTimeParts; ++i) {
    const auto part = static_cast<TimePart>(i);
    StepPart row{std::string(name(part)),   Seconds(step.seconds[i]),    Seconds(least.seconds[i]),
                 Seconds(most.seconds[i]), basis_of(model, step, part), ""};
    if (part == TimePart::attention) row.note = note_on_attention(run, tables);
    if (step.seconds[i] >= kCounts * step.total()) cost.basis = worst(cost.basis, row.basis);
    cost.parts.push_back(std::move(row));
  }
  cost.time = Seconds(step.total());
  cost.lo = Seconds(least.total());
  cost.hi = Seconds(most.total());
  if (!not_modelled(run.model).empty()) cost.basis = worst(cost.basis, Basis::assumed);
  cost.notes = notes_on_attention(run);
  for (std::string& note : notes_on_model(run)) cost.notes.push_back(std::move(note));
  for (std::string& note : notes_on_context(run, model)) cost.notes.push_back(std::move(note));
  for (std::string& note : notes_on_stack(run)) cost.notes.push_back(std::move(note));
  return cost;
}

}  // namespace mobasim
