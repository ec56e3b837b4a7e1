#include "fit/study/axis.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/text.h"
#include "sim/cost/run_cost.h"
#include "sim/step/step_model.h"

namespace mobasim {
namespace {

bool needs_run(Axis axis) { return axis == Axis::gpu_hours || axis == Axis::dollars; }

// The parts of a step that two arms do not share: attention and MoBA's routing.
bool is_attention(const StepPart& part) {
  return part.name == name(TimePart::attention) || part.name == name(TimePart::routing);
}

// Hours of one token, from one optimizer step: device hours of a run that is that one step, over its tokens.
TokenCost hours_per_token(const CostBasis& costs, const StudyModel& model, const Attention& attention,
                          const KernelChoice& kernels, std::int64_t sequence) {
  Run run;
  run.name = fmt::format("{} with {}", model.value, description(attention));
  run.model = with_attention(model.shape, attention);
  run.workload.dtype = costs.run->dtype;
  run.workload.sequence = sequence;
  run.workload.global_batch = model.global_batch;
  run.workload.tokens = static_cast<double>(model.global_batch) * static_cast<double>(sequence);
  run.execution = costs.run->execution;
  run.kernels = kernels;
  run.stack = costs.run->stack;
  run.device = *costs.device;
  const RunCost cost = cost_of(run, costs.tables);
  TokenCost result;
  result.x = cost.device_hours / run.workload.tokens;
  result.basis = cost.basis;
  result.fits = cost.fits;
  result.x_lo = result.x_hi = result.x;
  for (const StepPart& part : cost.step_parts) {
    if (!is_attention(part)) continue;
    result.x_lo -= result.x * ((part.time - part.lo) / cost.step_time);
    result.x_hi += result.x * ((part.hi - part.time) / cost.step_time);
    if (!part.note.empty()) result.note = part.note;
  }
  return result;
}

void scale(TokenCost& cost, double factor) {
  cost.x *= factor;
  cost.x_lo *= factor;
  cost.x_hi *= factor;
}

}  // namespace

const std::vector<std::string>& axis_names() {
  static const std::vector<std::string> names = {"6nd", "model_flops", "gpu_hours", "dollars"};
  return names;
}

std::string_view name(Axis axis) { return axis_names()[static_cast<std::size_t>(axis)]; }

Axis axis_named(const std::string& name) {
  const auto& names = axis_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw ConfigError(fmt::format("unknown axis '{}'; there are {}{}", name, joined(names), suggestion(name, names)));
  }
  return static_cast<Axis>(found - names.begin());
}

std::string_view unit_of(Axis axis) {
  switch (axis) {
    case Axis::six_nd:
    case Axis::model_flops:
      return "PFLOP/s-days";
    case Axis::gpu_hours:
      return "h";
    case Axis::dollars:
      return "USD";
  }
  return "";
}

CostBasis cost_basis(const Study& study, Axis axis, const std::optional<std::filesystem::path>& device,
                     const std::optional<DollarRate>& price) {
  CostBasis costs;
  costs.axis = axis;
  if (!needs_run(axis)) return costs;
  if (!study.run) {
    throw ConfigError({study.file.string(), 0, 0},
                      fmt::format("axis {} needs to know how the runs are carried out: add a run part "
                                  "(run: {{device: h100-sxm, workload: {{...}}, layout: {{...}}}})",
                                  name(axis)));
  }
  costs.run = study.run;
  costs.device = device_from(device ? *device : study.run->device);
  if (costs.device->peak.contains(study.run->dtype)) {
    costs.tables = std::make_shared<const DeviceTables>(*costs.device, study.run->dtype);
  }
  if (axis != Axis::dollars) return costs;
  if (price) {
    costs.price = price;
    costs.price_source = "given by --price";
  } else if (study.run->price) {
    costs.price = study.run->price;
    costs.price_source = "given by the study";
  } else if (costs.device->price) {
    costs.price = costs.device->price;
    costs.price_source = costs.device->price_source;
  } else {
    throw ConfigError(fmt::format(
        "axis dollars needs a price of device {}: give --price '2.50 $/h', or price: in the study's run or in {}",
        costs.device->name, (device ? *device : study.run->device).string()));
  }
  return costs;
}

std::string label_of(const CostBasis& costs, const Study& study) {
  switch (costs.axis) {
    case Axis::six_nd:
      return study.chart.x_label;
    case Axis::model_flops:
      return "model PFLOP/s-days";
    case Axis::gpu_hours:
      return fmt::format("GPU hours ({})", costs.device->name);
    case Axis::dollars:
      return fmt::format("US dollars ({} at {:.2f} $/h)", costs.device->name, costs.price->value() * kHour.value());
  }
  return "";
}

TokenCost token_cost(const CostBasis& costs, const StudyModel& model, const Attention& attention,
                     const KernelChoice& kernels, std::int64_t sequence) {
  // Counted, not estimated: the best basis there is, so that the data's own decides.
  TokenCost cost;
  cost.x = 6 * non_embedding_of_6nd(model.shape) / kPetaflopDay.value();
  if (costs.axis == Axis::model_flops) {
    cost.x += attention_flops_per_token(with_attention(model.shape, attention), sequence) / kPetaflopDay;
  }
  cost.x_lo = cost.x_hi = cost.x;
  if (!needs_run(costs.axis)) return cost;
  cost = hours_per_token(costs, model, attention, kernels, sequence);
  if (costs.axis == Axis::dollars) {
    scale(cost, (*costs.price * kHour).value());
    if (costs.price_source != "given by --price") cost.basis = worst(cost.basis, Basis::assumed);
  }
  return cost;
}

std::vector<TokenCost> token_costs(const CostBasis& costs, const Study& study, const StudyArm& arm,
                                   const KernelChoice& kernels) {
  std::vector<TokenCost> result;
  for (const StudyModel& model : study.models) {
    result.push_back(token_cost(costs, model, arm.attention, kernels, study.sequence));
  }
  return result;
}

double tokens_of(double compute_6nd, const StudyModel& model) {
  return compute_6nd * kPetaflopDay.value() / (6 * non_embedding_of_6nd(model.shape));
}

RunGroup moved(const RunGroup& group, const Study& study, const std::vector<double>& x_per_token) {
  RunGroup result = group;
  for (std::size_t i = 0; i < result.runs.size(); ++i) {
    for (Point& point : result.runs[i].points) point.x = tokens_of(point.x, study.models[i]) * x_per_token[i];
  }
  return result;
}

}  // namespace mobasim
