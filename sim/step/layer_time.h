// How long one layer's forward and backward pass take on one device of a tensor and context group.
//
// docs/method/step.md: the gemms, the bytes, the kernels of a layer; docs/method/parallel.md: its collectives.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/device/device_tables.h"
#include "sim/model/layer_matrices.h"
#include "sim/model/model_shape.h"
#include "sim/parallel/layout.h"
#include "sim/run/execution.h"
#include "sim/stack/stack.h"
#include "sim/step/step_model.h"

namespace mobasim::step {

// Seconds by TimePart, of one pass.
using PartTimes = std::array<double, kTimeParts>;
inline double& at(PartTimes& times, TimePart part) { return times[static_cast<std::size_t>(part)]; }
inline double at(const PartTimes& times, TimePart part) { return times[static_cast<std::size_t>(part)]; }
inline void add(PartTimes& sum, const PartTimes& times, double factor = 1) {
  for (std::size_t i = 0; i < kTimeParts; ++i) sum[i] += factor * times[i];
}
double total(const PartTimes& times);

// A forward and a backward pass. `weight_gradient` is the part of the backward pass that no other stage waits for.
struct PassTimes {
  PartTimes forward{}, backward{};
  double weight_gradient = 0;
  double forward_kernels = 0, backward_kernels = 0;  // kernels issued
  bool queries_travel = false;                       // over the context group, instead of keys and values
};
void add(PassTimes& sum, const PassTimes& times, double factor = 1);

// Seconds of one query head over one sequence; the entry i is for a sequence split over 2^i devices of a ring, where
// the kernel sees shorter pieces.
struct AttentionSeconds {
  static constexpr std::size_t kSplits = 8;
  std::array<double, kSplits> forward{}, backward{};
  double forward_routing = 0, backward_routing = 0;  // MoBA: the part that is not the pairs'
};

// One group of layers as the hot path sees it: doubles, nothing to look up.
struct LayerShape {
  std::int64_t layers = 0;
  double queries = 0, keys = 0;  // heads x head_dim, kv_heads x head_dim
  double heads = 0, head_dim = 0;
  double ffn = 0, inner = 2;  // inner: 2 with a gate, else 1
  double active = 0, expert_ffn = 0, shared_ffn = 0;
  LayerMatrices<double> matrices;
  bool routed = false;           // MoBA that has to choose
  double picks = 0, blocks = 0;  // of one query head over one sequence: (query, block) that are routed, mean keys
  bool math = false;             // scores in memory
  AttentionSeconds attention;
  double parameters = 0;     // of one layer, all of them
  double matrix_values = 0;  // of one layer, those that a token is multiplied by
};

// Of one group at a sequence length; how it attends and how long that takes (math, attention) is left to the caller.
[[nodiscard]] LayerShape layer_shape(const ModelShape& model, const LayerGroup& group, std::int64_t sequence);

// What does not depend on the layout.
struct StepContext {
  double hidden = 0, vocab = 0, sequence = 0;
  bool rotary = true, qk_norm = false, bias = false, tied = false;
  double element = 2;       // bytes of an activation
  bool narrow = false;      // gemms read 8-bit or 4-bit copies
  double update_bytes = 0;  // moved per parameter by the optimizer
  double embedding_parameters = 0, head_parameters = 0;
  std::shared_ptr<const DeviceTables> device;
  StackPolicy stack;
  std::vector<LayerShape> layers;
};

// The split that a layer sees, and the constants of the stack.
struct LayerSplitting {
  double tokens = 0;     // of the microbatch on this device
  double sequences = 0;  // of the microbatch
  double tensor = 1, context = 1;
  bool sequence_parallel = false;
  ContextAlgorithm context_algorithm = ContextAlgorithm::all_gather;
  Group tensor_group, context_group;
  Recompute recompute = Recompute::none;
  StackConstants constants;
};

// Whether the device's measured rows reach around every gemm of the layer over one sequence, on one device.
[[nodiscard]] bool gemms_measured(const StepContext& context, const LayerShape& layer);

// What communication costs beside computation of `window` seconds: what is not hidden, and what it slows (A47).
[[nodiscard]] double beside(const StackPolicy& stack, double communication, double window);
// Likewise a collective of `seconds`, it and the computation cut into `pieces`: one piece of either has nothing beside
// it.
[[nodiscard]] double exposed(const StepContext& context, double seconds, double window, double pieces);

[[nodiscard]] PassTimes layer_time(const StepContext& context, const LayerShape& layer, const LayerSplitting& split);
// The embedding of the first stage; the final norm, head and loss of the last.
[[nodiscard]] PassTimes embedding_time(const StepContext& context, const LayerSplitting& split);
[[nodiscard]] PassTimes head_time(const StepContext& context, const LayerSplitting& split);

}  // namespace mobasim::step
