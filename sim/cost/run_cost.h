// What a run costs: time, memory, money of one step and of all of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/basis.h"
#include "sim/base/units.h"
#include "sim/device/device_tables.h"
#include "sim/run/run.h"

namespace mobasim {

// Where the time of a step goes, in the order of the breakdown; times are of one device.
struct StepPart {
  std::string name;  // of TimePart: matrix products, attention, ..., optimizer
  Seconds time, lo, hi;
  Basis basis = Basis::measured;
  std::string note;
};

struct MemoryPart {
  std::string name;  // weights, gradients, optimizer, activations, logits or working layer, allocator, reserved
  Bytes bytes;
};

struct RunCost {
  // Model FLOPs: every gemm of forward and backward (3x forward), the head's included, and attention by its
  // useful convention; no recomputation (docs/method/simulator.md, "Model FLOPs").
  Flops step_model_flops, run_model_flops;
  // 6 N D of the same tokens, N as in non_embedding_of_6nd: the x axis of the published figures.
  Flops step_6nd, run_6nd;
  Seconds step_time, step_time_lo, step_time_hi;
  Seconds run_time, run_time_lo, run_time_hi;
  double steps = 0;
  double device_hours = 0, device_hours_lo = 0, device_hours_hi = 0;
  std::optional<Dollars> price, price_lo, price_hi;  // absent when the device has no price
  double mfu = 0;                                    // model FLOPs / (time x devices x peak)
  Bytes peak_memory;
  bool fits = false;
  Basis basis = Basis::measured;
  std::vector<StepPart> step_parts;
  std::vector<MemoryPart> memory_parts;
  std::vector<std::string> notes;  // for people: "top_k * block >= sequence: this is full attention"
};

// Model FLOPs of one token of a model at a sequence length, forward and backward, useful convention.
// Without the head where `head` is false (for figures whose N leaves it out).
[[nodiscard]] Flops model_flops_per_token(const ModelShape& model, std::int64_t sequence, bool head);
// Attention's part of that (pairs and gate).
[[nodiscard]] Flops attention_flops_per_token(const ModelShape& model, std::int64_t sequence);

// Throws ConfigError for a run that breaks its rules, and Unsupported for what is not modelled. A run that does not fit
// is a result, not an error.
[[nodiscard]] RunCost cost_of(const Run& run);
// Likewise, with the tables of its device in its number format, for many runs on one device.
[[nodiscard]] RunCost cost_of(const Run& run, const std::shared_ptr<const DeviceTables>& tables);

}  // namespace mobasim
