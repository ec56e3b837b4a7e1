// Devices and runs that the simulator's tests share.
#pragma once

#include "sim/cost/evaluator.h"
#include "sim/cost/run_cost.h"
#include "sim/device/attention_kernel.h"
#include "sim/run/run_file.h"
#include "sim/run/run_rules.h"
#include "tests/catch.h"

namespace mobasim::tests {

inline Device shipped_device(const std::string& name) {
  return device_from(source_folder() / "configs/devices" / (name + ".yaml"));
}

inline Run shipped_run(const std::string& name) {
  return run_from(source_folder() / "configs/runs" / (name + ".yaml"), source_folder() / "configs");
}

// 100 FLOP/s, 10 byte/s, every efficiency 0.5 (0.25..1): times can be counted on fingers.
inline Device small_device() {
  Device device;
  device.name = "small";
  device.source = "a test";
  device.peak = {{"f32", FlopRate(100)}, {"bf16", FlopRate(100)}};
  device.memory = Bytes(1e12);
  device.memory_bandwidth = ByteRate(10);
  device.devices_per_node = 4;
  device.link_bandwidth = ByteRate(8);
  device.network_bandwidth = ByteRate(1);
  const Efficiency half{0.5, 0.25, 1, Basis::assumed, "a test"};
  device.gemm = device.memory_bound = device.collective = half;
  device.attention = {{"full", half}, {"moba", half}, {"sliding_window", half}};
  return device;
}

inline ModelShape small_model(const Attention& attention = FullAttention{}) {
  ModelShape model;
  model.name = "small";
  model.source = "a test";
  model.hidden = 64;
  model.vocab = 128;
  LayerGroup group;
  group.layers = 3;
  group.heads = 4;
  group.kv_heads = 2;
  group.head_dim = 16;
  group.ffn = 160;
  group.attention = attention;
  model.groups = {group};
  return model;
}

inline Run small_run(const Attention& attention = FullAttention{}) {
  Run run;
  run.name = "small";
  run.model = small_model(attention);
  run.workload = {.sequence = 1024, .global_batch = 8, .tokens = 1e6, .dtype = "bf16"};
  run.device = small_device();
  return run;
}

// An attention row at the layer's shape, so many seconds per useful FLOP.
inline ProfileRow attention_row(const AttentionLayer& layer, const std::string& implementation, double time_per_flop,
                                const std::string& dtype = "bf16") {
  ProfileRow row;
  row.operation = "attention";
  row.mechanism = name(layer.attention);
  row.implementation = implementation;
  row.pass = layer.pass == Pass::forward ? "forward" : "backward";
  row.dtype = dtype;
  row.sequence = layer.shape.sequence;
  row.batch = layer.shape.batch;
  row.heads = layer.shape.heads;
  row.kv_heads = layer.shape.kv_heads;
  row.head_dim = layer.shape.head_dim;
  for (const auto& [parameter, value] : parameters(layer.attention)) {
    if (parameter == "block") row.block = value;
    if (parameter == "top_k") row.top_k = value;
    if (parameter == "window") row.window = value;
  }
  const AttentionWork all = work(layer.attention, layer.shape, 2);
  row.flops = layer.pass == Pass::forward ? all.forward : all.backward;
  row.time = row.time_lo = row.time_hi = Seconds(time_per_flop * row.flops.value());
  row.basis = Basis::measured;
  row.source = "a test";
  return row;
}

inline AttentionLayer attention_layer_of(std::int64_t sequence, Pass pass = Pass::forward,
                                         const Attention& attention = FullAttention{}) {
  return {attention, {sequence, 2, 16, 16, 128}, pass};
}

// The layer's attention as a run computes it: full wherever everything is attended to.
inline Attention as_computed(const AttentionLayer& layer) {
  return is_full_at(layer.attention, layer.shape.sequence) ? Attention(FullAttention{}) : layer.attention;
}
// By the implementation that is named, else by the fastest of the device's table, else by its efficiency.
inline const TimedKernel* kernel_for(const AttentionTable& table, const AttentionLayer& layer,
                                     const std::string& implementation) {
  return implementation.empty() ? table.fastest(layer) : &table.named_kernel(layer, implementation);
}
inline TimeEstimate attention_time(const AttentionLayer& layer, const Device& device,
                                   const std::string& implementation = "", const std::string& dtype = "bf16") {
  const AttentionTable table(device, dtype);
  return table.time(layer, kernel_for(table, layer, implementation));
}
inline std::string attention_note(const AttentionLayer& layer, const Device& device,
                                  const std::string& implementation = "") {
  const AttentionTable table(device, "bf16");
  return table.note(layer, kernel_for(table, layer, implementation));
}

inline Evaluator evaluator_on(const ModelShape& model, const Device& device, const Stack& stack, std::int64_t sequence,
                              const std::string& dtype = "bf16") {
  return {model, std::make_shared<const DeviceTables>(device, dtype), stack, {}, sequence};
}

}  // namespace mobasim::tests
