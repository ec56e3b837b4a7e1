#include "sim/layer_ops.h"

#include "sim/device/dtype.h"

namespace mobasim {

std::vector<MatrixProduct> layer_products(const LayerGroup& group, std::int64_t hidden, const Microbatch& microbatch) {
  const std::int64_t tokens = microbatch.tokens();
  const std::int64_t queries = group.heads * group.head_dim;
  const std::int64_t keys = group.kv_heads * group.head_dim;
  const std::int64_t inner = group.gated ? 2 : 1;  // gate and up projection side by side
  const auto product = [&](std::int64_t k, std::int64_t n, std::int64_t count = 1) {
    return MatrixProduct{.m = tokens, .n = n, .k = k, .count = count, .dtype = microbatch.dtype};
  };
  std::vector<MatrixProduct> products{product(hidden, queries + 2 * keys), product(queries, hidden)};
  if (group.ffn > 0) {
    products.push_back(product(hidden, inner * group.ffn));
    products.push_back(product(group.ffn, hidden));
  }
  if (group.experts) {
    const Experts& experts = *group.experts;
    products.push_back(product(hidden, experts.experts));  // router
    products.push_back(product(hidden, inner * experts.ffn, experts.active));
    products.push_back(product(experts.ffn, hidden, experts.active));
    if (experts.shared_ffn > 0) {
      products.push_back(product(hidden, inner * experts.shared_ffn));
      products.push_back(product(experts.shared_ffn, hidden));
    }
  }
  return products;
}

MatrixProduct head_product(const ModelShape& model, const Microbatch& microbatch) {
  return {.m = microbatch.tokens(), .n = model.vocab, .k = model.hidden, .count = 1, .dtype = microbatch.dtype};
}

std::vector<MatrixProduct> backward_products(const MatrixProduct& forward) {
  MatrixProduct of_input = forward, of_weight = forward;
  std::swap(of_input.n, of_input.k);    // [m, n] x [n, k]
  std::swap(of_weight.m, of_weight.k);  // [k, m] x [m, n]
  return {of_input, of_weight};
}

AttentionLayer attention_layer(const LayerGroup& group, const Microbatch& microbatch, const KernelChoice& kernels,
                               Pass pass) {
  AttentionLayer layer;
  layer.attention = is_full_at(group.attention, microbatch.sequence) ? Attention(FullAttention{}) : group.attention;
  layer.shape = {.sequence = microbatch.sequence,
                 .batch = microbatch.sequences,
                 .heads = group.heads,
                 .kv_heads = group.kv_heads,
                 .head_dim = group.head_dim};
  layer.pass = pass;
  layer.dtype = microbatch.dtype;
  layer.implementation = chosen_implementation(kernels, name(layer.attention));
  return layer;
}

// A32, values read and written per token with each operation a kernel of its own.
//   forward: two norms (x in, y out) 4 h; two residual sums (two in, one out) 6 h; rotary embedding on q and k
//   2 (q + kv); activation 3 f gated (two in, one out), 2 f else. With a norm on q and k 2 (q + kv) more.
//   backward: norms (x, dy in, dx out) 6 h; residual sums 6 h; rotary 2 (q + kv); activation 5 f gated (two inputs,
//   dy in, two gradients out), 3 f else; norm on q and k 3 (q + kv).
Bytes elementwise_bytes(const ModelShape& model, const LayerGroup& group, const Microbatch& microbatch, Pass pass) {
  const bool forward = pass == Pass::forward;
  const auto hidden = static_cast<double>(model.hidden);
  const auto rotated = static_cast<double>((group.heads + group.kv_heads) * group.head_dim);
  double ffn = static_cast<double>(group.ffn);
  if (group.experts) {
    ffn += static_cast<double>(group.experts->active * group.experts->ffn + group.experts->shared_ffn);
  }
  double values = (forward ? 10 : 12) * hidden;
  if (model.positions == 0) values += 2 * rotated;
  if (model.qk_norm) values += (forward ? 2 : 3) * rotated;
  values += (group.gated ? (forward ? 3 : 5) : (forward ? 2 : 3)) * ffn;
  return Bytes(values * static_cast<double>(microbatch.tokens() * bytes_of(microbatch.dtype)));
}

// A33. Embedding: row in, row out; backward: gradient in, f32 row read and written. Final norm: 2 h and 3 h. Loss, not
// fused: logits in, f32 copy out, in twice (for the sum, for the gradient), gradient out.
Bytes embedding_and_loss_bytes(const ModelShape& model, const Microbatch& microbatch) {
  const auto element = static_cast<double>(bytes_of(microbatch.dtype));
  const auto hidden = static_cast<double>(model.hidden);
  const auto vocab = static_cast<double>(model.vocab);
  const double per_token = hidden * (3 * element + 8) + 5 * hidden * element + vocab * (2 * element + 12);
  return Bytes(per_token * static_cast<double>(microbatch.tokens()));
}

StateBytes state_bytes(std::string_view dtype) {
  if (dtype == "f32") return {4, 4, 8};
  if (dtype == "fp16") return {2, 2, 16};
  return {2, 4, 12};
}

Bytes optimizer_bytes(double parameters, std::string_view dtype) {
  const StateBytes states = state_bytes(dtype);
  const double written = states.weight == 4 ? 4 + 4 : 2;  // f32 has no master copy: its weight is read and written
  return Bytes(parameters * (states.gradient + 2 * states.optimizer + written));
}

std::vector<RepeatedCollective> communication(double parameters, const Workload& workload, const Layout& layout) {
  if (layout.data <= 1) return {};
  const StateBytes states = state_bytes(workload.dtype);
  const double steps = microbatches(workload, layout);
  const auto collective = [&](Collective::Kind kind, double bytes_per_parameter) {
    return Collective{kind, Bytes(parameters * bytes_per_parameter), layout.data};
  };
  const double reductions = layout.zero_stage >= 2 ? steps : 1;
  const double gathers = layout.zero_stage >= 3 ? 2 * steps : 1;
  if (layout.zero_stage == 0) return {{collective(Collective::Kind::all_reduce, states.gradient), 1}};
  return {{collective(Collective::Kind::reduce_scatter, states.gradient), reductions},
          {collective(Collective::Kind::all_gather, states.weight), gathers}};
}

double microbatches(const Workload& workload, const Layout& layout) {
  return static_cast<double>(workload.global_batch) / static_cast<double>(layout.data * workload.microbatch);
}

}  // namespace mobasim
