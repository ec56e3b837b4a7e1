// What one layer of a transformer needs in memory, per token and per parameter, before any layout divides it.
//
// A layer's values kept for the backward pass: Korthikanti et al. 2022 (arXiv 2205.05198), section 4, whose classic
// layer (34 + 5 a s / h) s b h is the case of ffn 4 h, layer norm, two matrices, dropout and attention by gemms.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/model/model_shape.h"
#include "sim/run/execution.h"
#include "sim/stack/stack.h"

namespace mobasim {

// Bytes of a value: between operations, as an input of a gemm that is kept for the backward pass, and of the copies
// of a weight that the gemms read (0: the weight itself).
struct NumberFormat {
  double element = 2;
  double gemm_input = 2;
  double weight_copies = 0;
};
// 16-bit between operations for everything but f32. TransformerEngine keeps the inputs of gemms in the format of the
// gemms, and two copies of each weight in it (straight and transposed); other stacks cast on the way (A57).
[[nodiscard]] NumberFormat number_format(std::string_view dtype, const StackPolicy& stack);

// Weights, gradients and Adam's states in bytes per parameter (Rajbhandari et al. 2020, arXiv 1910.02054, section 3).
struct StateBytesPerParameter {
  double weight = 0;          // that stays, or its shard
  double gathered = 0;        // that the gemms read, where shards are gathered
  double gradient = 0;        // that is accumulated
  double whole_gradient = 0;  // a second one, never sharded (DeepSpeed's BF16 optimizer)
  double optimizer = 0;       // master weight, both moments; for fp16 the f32 gradient too
};
[[nodiscard]] StateBytesPerParameter state_bytes_per_parameter(std::string_view dtype, const StackPolicy& stack);

// Bytes per token that a layer keeps for its backward pass: sharded by the tensor group, or only by sequence
// parallelism.
struct Kept {
  double sharded = 0;
  double sequence_sharded = 0;
  bool operator==(const Kept&) const = default;
};

// Per layer. What is sharded is divided by the tensor group, what is replicated never.
struct LayerMemory {
  double sharded_parameters = 0;
  double replicated_parameters = 0;
  double gemm_parameters = 0;  // the matrices, part of sharded_parameters
  double matrix_shapes = 0;    // one matrix of each shape: with experts one expert's
  double largest_matrix = 0;   // the largest matrix
  std::array<Kept, 3> kept;    // by Recompute
  // Bytes per token while the layer works, forward and, later, backward.
  double forward_bytes = 0;   // sharded; attention's workspace
  double backward_bytes = 0;  // sharded; gradients of the widest values that are alive together
  double key_bytes = 0;       // sharded; keys and values
  double query_bytes = 0;     // sharded; queries and outputs
  double sequence_bytes = 0;  // sharded; per sequence, whatever the context group: mean keys and offsets
  [[nodiscard]] const Kept& of(Recompute recompute) const { return kept[static_cast<std::size_t>(recompute)]; }
  bool operator==(const LayerMemory&) const = default;
};
// `kernel`: what computes its attention (attention_kernel).
[[nodiscard]] LayerMemory layer_memory(const ModelShape& model, const LayerGroup& group, const StackPolicy& stack,
                                       std::string_view kernel, const NumberFormat& format, std::int64_t sequence);

}  // namespace mobasim
