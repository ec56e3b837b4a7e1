// What a model does with a microbatch, as operations: products, attention, bytes. It knows no device.
//
// Formulas and the numbered assumptions: docs/method/simulator.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/device/time_of.h"
#include "sim/model/model_shape.h"
#include "sim/run.h"

namespace mobasim {

// Tokens of one microbatch on one device.
struct Microbatch {
  std::int64_t sequences = 1;
  std::int64_t sequence = 0;
  std::string dtype;
  [[nodiscard]] std::int64_t tokens() const { return sequences * sequence; }
};

// Matrix products of a layer's forward pass. Experts: the active ones, as so many products over all tokens (A31).
[[nodiscard]] std::vector<MatrixProduct> layer_products(const LayerGroup& group, std::int64_t hidden,
                                                        const Microbatch& microbatch);
// [tokens, hidden] x [hidden, vocab]
[[nodiscard]] MatrixProduct head_product(const ModelShape& model, const Microbatch& microbatch);
// The two products of a product's backward pass: of its input's gradient and of its weight's.
[[nodiscard]] std::vector<MatrixProduct> backward_products(const MatrixProduct& forward);

[[nodiscard]] AttentionLayer attention_layer(const LayerGroup& group, const Microbatch& microbatch,
                                             const KernelChoice& kernels, Pass pass);

// Bytes of a layer's operations that are bound by memory: norms, residual sums, rotary embedding, activation (A32).
[[nodiscard]] Bytes elementwise_bytes(const ModelShape& model, const LayerGroup& group, const Microbatch& microbatch,
                                      Pass pass);
// Embedding look-up and its gradient, final norm, and the loss over the logits, both passes (A33).
[[nodiscard]] Bytes embedding_and_loss_bytes(const ModelShape& model, const Microbatch& microbatch);

// Weights, gradients and Adam's states in bytes per parameter (cost model of Korthikanti et al. 2022 and of ZeRO,
// Rajbhandari et al. 2020), for 16-bit training with f32 main gradients and for f32.
struct StateBytes {
  double weight = 0;     // that the products read
  double gradient = 0;   // that the backward pass accumulates into
  double optimizer = 0;  // master weights, both moments; for fp16 the f32 gradient too
};
[[nodiscard]] StateBytes state_bytes(std::string_view dtype);
// Bytes that one optimizer step moves for `parameters` parameters: each state read and written, the weight written.
[[nodiscard]] Bytes optimizer_bytes(double parameters, std::string_view dtype);

struct RepeatedCollective {
  Collective collective;
  double times = 1;  // per step
};
// Data-parallel communication of a step by ZeRO stage (A34); none for one device.
[[nodiscard]] std::vector<RepeatedCollective> communication(double parameters, const Workload& workload,
                                                            const Layout& layout);
// Microbatches that one device works through in a step.
[[nodiscard]] double microbatches(const Workload& workload, const Layout& layout);

}  // namespace mobasim
