#include "sim/check/layer_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/device/device_tables.h"
#include "sim/step/step_model.h"

namespace mobasim {
namespace {

ModelShape model_of(const ProfileRow& row) {
  LayerGroup group;
  group.layers = 1;
  group.heads = row.heads;
  group.kv_heads = row.kv_heads;
  group.head_dim = row.head_dim;
  group.ffn = row.ffn;
  group.attention = attention_of_row(row);
  ModelShape model;
  model.name = "a measured layer";
  model.hidden = row.hidden;
  model.vocab = 1;
  model.groups = {group};
  return model;
}

std::string parts_text(const StepTime& time) {
  std::string text;
  for (std::size_t part = 0; part < kTimeParts; ++part) {
    if (time.seconds[part] <= 0) continue;
    text += fmt::format("{}{} {:.0f}%", text.empty() ? "" : ", ", name(static_cast<TimePart>(part)),
                        100 * time.seconds[part] / time.total());
  }
  return text;
}

// By kernels of the device's own choice: the fastest of its table.
StepModel step_model_of(const ProfileRow& row, const Device& device) {
  Stack stack;
  stack.policy.fusion = Fusion::fused;
  const KernelChoice none;
  auto tables = std::make_shared<const DeviceTables>(device, row.dtype);
  const KernelsOfRun kernels(tables->attention, device.name, stack, none);
  return {model_of(row), tables, stack, kernels, row.sequence};
}

void foretell(ShapeLeftOut& one, const Device& device) {
  const ProfileRow& row = one.row;
  const StepModel step = step_model_of(row, device);
  Execution execution;
  execution.microbatch = std::max<std::int64_t>(row.batch, 1);
  const LayerTime layer = step.layer_time(execution, 0);
  StepTime both;
  for (std::size_t part = 0; part < kTimeParts; ++part) {
    if (row.pass != "backward") both.seconds[part] += layer.forward.seconds[part];
    if (row.pass != "forward") both.seconds[part] += layer.backward.seconds[part];
  }
  one.prediction = Seconds(both.total());
  one.basis =
      worst(step.basis(TimePart::gemm), worst(step.basis(TimePart::attention), step.basis(TimePart::elementwise)));
  one.note = parts_text(both);
}

ShapeLeftOut foretold(const ProfileRow& row, const Device& device) {
  ShapeLeftOut one;
  one.row = row;
  try {
    foretell(one, device);
  } catch (const Unsupported& why) {
    one.predicted = false;
    one.note = why.what();
  }
  return one;
}

// Whether the rows are the forward and the backward pass of one layer.
bool passes_of_one(const ProfileRow& forward, ProfileRow backward) {
  if (forward.pass != "forward" || backward.pass != "backward") return false;
  backward.pass = forward.pass;
  return same_shape(forward, backward);
}

ShapeLeftOut together(ShapeLeftOut both, const ShapeLeftOut& backward) {
  both.row.pass = "forward_backward";
  both.row.flops += backward.row.flops;
  both.row.time += backward.row.time;
  both.row.time_lo += backward.row.time_lo;
  both.row.time_hi += backward.row.time_hi;
  if (disturbed(backward.row)) both.row.sampling = backward.row.sampling;
  both.prediction += backward.prediction;
  both.note = !both.predicted ? both.note : backward.predicted ? "" : backward.note;
  both.predicted = both.predicted && backward.predicted;
  return both;
}

}  // namespace

std::vector<ShapeLeftOut> layers_foretold(const Device& device) {
  std::vector<ShapeLeftOut> layers;
  for (const ProfileRow& row : device.profile) {
    if (row.operation == "layer") layers.push_back(foretold(row, device));
  }
  const std::size_t timed = layers.size();
  for (std::size_t i = 0; i < timed; ++i) {
    for (std::size_t j = 0; j < timed; ++j) {
      if (passes_of_one(layers[i].row, layers[j].row)) layers.push_back(together(layers[i], layers[j]));
    }
  }
  return layers;
}

std::optional<double> greatest_layer_error(const std::vector<ShapeLeftOut>& layers) {
  std::optional<double> greatest;
  for (const ShapeLeftOut& one : layers) {
    if (one.row.pass == "forward_backward" && one.predicted && !disturbed(one.row))
      greatest = std::max(greatest.value_or(0), std::abs(error_of(one)));
  }
  return greatest;
}

}  // namespace mobasim
