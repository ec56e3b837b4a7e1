// What a published TFLOP/s counts. The same run is 2 x apart at 1M tokens under two of these conventions, so that a
// figure means nothing without its own.
//
// With h hidden, q = heads x head_dim, k = kv_heads x head_dim, f the inner width of the feed-forward, g its matrices
// (3 gated, else 2), l layers, V the vocabulary and s the sequence, a sequence's forward pass takes
//   layers    2 s l (2 h q + 2 h k + g h f)     gemms of the layers
//   attention 4 s^2 l q                         both gemms of attention over the full matrix; half of it is causal
//   head      2 s h V
// and the backward pass twice as much.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/model/model_shape.h"
#include "sim/run/execution.h"
#include "sim/run/workload.h"

namespace mobasim {

enum class FlopConvention {
  // 4 (layers + attention) + 3 head: full recomputation, the full matrix (Narayanan et al. 2021, arXiv 2104.04473,
  // equation 3: 96 B s l h^2 (1 + s/6h + V/16lh); Megatron-DeepSpeed prints the same).
  hardware_recompute,
  // 4 layers: what Megatron-DeepSpeed printed before the head and attention were counted (96 B s l h^2).
  hardware_layers,
  // What the devices compute under the run's own recomputation, causal half of the matrix.
  hardware_causal,
  // 3 (layers + attention + head): NeMo's flops_formulas.py until 2025-08.
  model_full,
  // 3 (layers + attention / 2 + head): Megatron-Bridge's counter, NeMo from 2025-08, NeMo AutoModel.
  model_causal,
  // 6 N s + 3 attention, N all parameters: llm-foundry, and PaLM (arXiv 2204.02311, appendix B: 6N + 12LHQT).
  parameters_and_attention,
  // 6 N s, N all parameters; and without the embedding (Kaplan et al. 2020, arXiv 2001.08361, section 2.1).
  six_n,
  six_n_without_embedding,
};

inline constexpr int kFlopConventions = 8;
[[nodiscard]] std::string_view name(FlopConvention convention);         // "hardware_recompute"
[[nodiscard]] std::string_view description(FlopConvention convention);  // the formula in words
[[nodiscard]] const std::vector<FlopConvention>& flop_conventions();    // all, in the order of the enumeration

// The convention that a text of a table describes ("model flops, CAUSAL (halved) attention"); nothing when it is not
// known or doubtful ("?"). `framework` and `date` ("02-20", empty: unknown) tell apart what the text alone does not:
// llm-foundry's "full attention matrix" counts all parameters, and "before 02-21" is a rule of its own.
[[nodiscard]] std::optional<FlopConvention> convention_of(std::string_view text, std::string_view framework,
                                                          std::string_view date);

// FLOPs of one step. Sliding windows and MoBA count as the full or causal matrix too where the convention says so: it
// describes what was printed, not what was computed. Precondition: no violations of the model, and no experts.
[[nodiscard]] double flops_of_step(FlopConvention convention, const ModelShape& model, const Workload& workload,
                                   Recompute recompute);

// FLOP/s per device that a step of `seconds` on `devices` is stated as, and the step's time that a statement means.
[[nodiscard]] double stated_rate(FlopConvention convention, const ModelShape& model, const Workload& workload,
                                 Recompute recompute, double devices, double seconds);
[[nodiscard]] double time_from_rate(FlopConvention convention, const ModelShape& model, const Workload& workload,
                                    Recompute recompute, double devices, double flops_per_second);

}  // namespace mobasim
