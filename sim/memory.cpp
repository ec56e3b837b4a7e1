#include "sim/memory.h"

#include <algorithm>

#include "sim/device/dtype.h"

namespace mobasim {
namespace {

Microbatch microbatch_of(const Run& run) {
  return {run.workload.microbatch, run.workload.sequence, run.workload.dtype};
}

double picks(const LayerGroup& group, const Microbatch& microbatch) {
  return static_cast<double>(count(group.attention, microbatch.sequence).picks) *
         static_cast<double>(group.heads * microbatch.sequences);
}

// Parameters of the largest layer: what ZeRO stage 3 gathers at once.
double largest_layer(const ModelShape& model) {
  double largest = 0;
  for (const LayerGroup& group : model.groups) {
    ModelShape one = model;
    one.groups = {group};
    one.groups.front().layers = 1;
    largest = std::max(largest, static_cast<double>(parameters(one).non_embedding));
  }
  return largest;
}

// States of the parameters, bytes on one device. Stage 3 also holds two whole layers (the one that works and the one
// fetched ahead), the gradient of one, and the embeddings while they are in use (A36).
void add_states(const Run& run, std::vector<MemoryPart>& parts) {
  const ParameterCount count = parameters(run.model);
  const auto all = static_cast<double>(count.total);
  const auto data = static_cast<double>(run.layout.data);
  const StateBytes states = state_bytes(run.workload.dtype);
  const auto share = [&](std::int64_t from_stage) { return run.layout.zero_stage >= from_stage ? 1 / data : 1.0; };
  double weights = states.weight * all * share(3);
  double gradients = states.gradient * all * share(2);
  if (run.layout.zero_stage >= 3 && run.layout.data > 1) {
    const double layer = largest_layer(run.model);
    weights =
        std::min(weights + states.weight * (2 * layer + static_cast<double>(count.embedding)), states.weight * all);
    gradients = std::min(gradients + states.gradient * layer, states.gradient * all);
  }
  parts.push_back({"weights", Bytes(weights)});
  parts.push_back({"gradients", Bytes(gradients)});
  parts.push_back({"optimizer", Bytes(states.optimizer * all * share(1))});
}

// What all layers keep until their backward pass: their activations, or with recomputation only their input.
Bytes kept_activations(const Run& run) {
  const Microbatch microbatch = microbatch_of(run);
  const Bytes input(static_cast<double>(bytes_of(microbatch.dtype) * run.model.hidden * microbatch.tokens()));
  Bytes kept = input;  // the embedding's output
  for (const LayerGroup& group : run.model.groups) {
    const bool all = run.workload.recompute == Recompute::none;
    kept += static_cast<double>(group.layers) * (all ? activation_bytes(run.model, group, microbatch) : input);
  }
  return kept;
}

// What the layer that is at work needs beside that: its workspace, and with recomputation its activations.
Bytes working_layer(const Run& run) {
  const Microbatch microbatch = microbatch_of(run);
  Bytes most(0);
  for (const LayerGroup& group : run.model.groups) {
    Bytes layer = workspace_bytes(group, microbatch);
    if (run.workload.recompute == Recompute::full) layer += activation_bytes(run.model, group, microbatch);
    most = std::max(most, layer);
  }
  return most;
}

// Logits as the products give them, and, the loss not being fused, an f32 copy and its gradient (A33).
Bytes logits(const Run& run) {
  const Microbatch microbatch = microbatch_of(run);
  const double per_logit = microbatch.dtype == "f32" ? 8 : 10;
  return Bytes(per_logit * static_cast<double>(run.model.vocab) * static_cast<double>(microbatch.tokens()) /
               static_cast<double>(run.workload.loss_chunks));
}

}  // namespace

// Values kept per token (Korthikanti et al. 2022, section 4, without dropout and with attention that does not keep its
// scores; A35): inputs of both norms and of both product pairs 4 h; q, k, v and the attention's output 2 q + 2 kv;
// gate, up and product 3 f (2 f without a gate); f32: log-sum-exp of each head; int32: each pick.
Bytes activation_bytes(const ModelShape& model, const LayerGroup& group, const Microbatch& microbatch) {
  const auto tokens = static_cast<double>(microbatch.tokens());
  const auto hidden = static_cast<double>(model.hidden);
  const auto queries = static_cast<double>(group.heads * group.head_dim);
  const auto keys = static_cast<double>(group.kv_heads * group.head_dim);
  const double inner = group.gated ? 3 : 2;
  double values = 4 * hidden + 2 * queries + 2 * keys + inner * static_cast<double>(group.ffn);
  double four_bytes = static_cast<double>(group.heads);
  if (group.experts) {
    const Experts& experts = *group.experts;
    const auto active = static_cast<double>(experts.active);
    // Each active expert's input is a copy, its output is kept for the weighted sum; the router's scores are f32.
    values += active * (2 * hidden + inner * static_cast<double>(experts.ffn)) +
              inner * static_cast<double>(experts.shared_ffn);
    four_bytes += static_cast<double>(experts.experts);
  }
  if (model.qk_norm) values += queries + keys;
  const auto element = static_cast<double>(bytes_of(microbatch.dtype));
  return Bytes(tokens * (values * element + 4 * four_bytes) + 4 * picks(group, microbatch));
}

// Key-major MoBA: a partial result (head_dim values) and its f32 log-sum-exp for each pick, the picks sorted by block,
// mean keys and offsets (docs/method/simulator.md, "Memory"; A37).
Bytes workspace_bytes(const LayerGroup& group, const Microbatch& microbatch) {
  const double picked = picks(group, microbatch);
  const auto element = static_cast<double>(bytes_of(microbatch.dtype));
  const double blocks = static_cast<double>(count(group.attention, microbatch.sequence).blocks) *
                        static_cast<double>(microbatch.sequences);
  const double partials = picked * (element * static_cast<double>(group.head_dim) + 4);
  const double mean_keys = blocks * static_cast<double>(group.kv_heads * group.head_dim) * element;
  const double offsets = 12 * blocks * static_cast<double>(group.heads);
  return Bytes(partials + 4 * picked + mean_keys + offsets);
}

std::vector<MemoryPart> memory_parts(const Run& run) {
  std::vector<MemoryPart> parts;
  add_states(run, parts);
  parts.push_back({"activations", kept_activations(run)});
  // All layers' activations are there when the loss is taken and when the last layer works backward: the larger counts.
  const Bytes loss = logits(run), layer = working_layer(run);
  parts.push_back(loss >= layer ? MemoryPart{"logits", loss} : MemoryPart{"working layer", layer});
  parts.push_back({"reserved", run.device.reserved_memory});
  return parts;
}

}  // namespace mobasim
