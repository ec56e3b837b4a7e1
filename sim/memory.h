// What a run holds in a device's memory at its peak: weights, gradients, optimizer, activations, logits.
//
// Closed form, no fitted constant. Sources: Korthikanti et al. 2022 (arXiv 2205.05198) for activations, Rajbhandari et
// al. 2020 (arXiv 1910.02054) for the sharding of states. docs/method/simulator.md, "Memory".
#pragma once

#include <vector>

#include "sim/layer_ops.h"
#include "sim/run_cost.h"

namespace mobasim {

// weights, gradients, optimizer, activations, the larger of logits and working layer, reserved: their sum is the peak.
[[nodiscard]] std::vector<MemoryPart> memory_parts(const Run& run);

// Bytes that one layer's forward pass keeps for its backward pass.
[[nodiscard]] Bytes activation_bytes(const ModelShape& model, const LayerGroup& group, const Microbatch& microbatch);
// Bytes that one MoBA layer needs while it runs: partial results and the sorted picks; 0 for other mechanisms.
[[nodiscard]] Bytes workspace_bytes(const LayerGroup& group, const Microbatch& microbatch);

}  // namespace mobasim
