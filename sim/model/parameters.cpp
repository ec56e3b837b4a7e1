// Parameter counts, tensor by tensor (docs/method/attention.md, "Parameters").
#include "sim/model/model_shape.h"

namespace mobasim {

namespace {

// Number is std::int64_t for the count itself and double to see whether that would overflow.
template <class Number>
struct Counter {
  const ModelShape& model;

  Number norm(Number width) const { return model.norm == Norm::layer_norm ? 2 * width : width; }

  Number linear(Number in, Number out, bool bias) const { return in * out + (bias ? out : Number(0)); }

  // Queries, keys, values and output; with grouped queries the keys and values are narrower.
  Number attention(const LayerGroup& group) const {
    const Number hidden = Number(model.hidden);
    const Number queries = Number(group.heads) * Number(group.head_dim);
    const Number keys = Number(group.kv_heads) * Number(group.head_dim);
    const bool qkv_bias = model.linear_bias || model.qkv_bias;
    Number sum = linear(hidden, queries, qkv_bias) + 2 * linear(hidden, keys, qkv_bias) +
                 linear(queries, hidden, model.linear_bias);
    if (model.qk_norm_over_heads) {
      sum += norm(queries) + norm(keys);
    } else if (model.qk_norm) {
      sum += 2 * norm(Number(group.head_dim));
    }
    return sum;
  }

  // In and out, and the gate where there is one.
  Number feed_forward(const LayerGroup& group, std::int64_t width) const {
    const Number hidden = Number(model.hidden);
    return Number(group.gated ? 2 : 1) * linear(hidden, Number(width), model.linear_bias) +
           linear(Number(width), hidden, model.linear_bias);
  }

  // `experts` is the number of experts counted: all of them, or those a token passes. The router has no bias (A13).
  Number feed_forwards(const LayerGroup& group, bool active_only) const {
    if (!group.experts) return feed_forward(group, group.ffn);
    const Experts& experts = *group.experts;
    const Number counted = Number(active_only ? experts.active : experts.experts);
    Number sum = Number(model.hidden) * Number(experts.experts) + counted * feed_forward(group, experts.ffn);
    if (experts.shared_ffn > 0) sum += feed_forward(group, experts.shared_ffn);
    return sum;
  }

  Number layers(bool active_only) const {
    Number sum(0);
    for (const LayerGroup& group : model.groups) {
      sum += Number(group.layers) *
             (attention(group) + feed_forwards(group, active_only) + 2 * norm(Number(model.hidden)));
    }
    return sum + norm(Number(model.hidden));  // and the final norm
  }

  Number embedding() const {
    const Number tables(model.tied_embeddings ? 1 : 2);
    return (tables * Number(model.vocab) + Number(model.positions)) * Number(model.hidden);
  }
};

}  // namespace

ParameterCount parameters(const ModelShape& model) {
  const Counter<std::int64_t> counter{model};
  ParameterCount count;
  count.embedding = counter.embedding();
  count.non_embedding = counter.layers(false);
  count.active_non_embedding = counter.layers(true);
  count.total = count.embedding + count.non_embedding;
  count.active = count.embedding + count.active_non_embedding;
  return count;
}

double active_matrix_values(const LayerGroup& group, std::int64_t hidden) {
  double columns = static_cast<double>(2 * (group.heads + group.kv_heads) * group.head_dim);
  const double matrices = group.gated ? 3 : 2;
  columns += matrices * static_cast<double>(group.ffn);
  if (group.experts) {
    const Experts& experts = *group.experts;
    columns += static_cast<double>(experts.experts) +
               matrices * static_cast<double>(experts.active * experts.ffn + experts.shared_ffn);
  }
  return static_cast<double>(hidden) * columns;
}

double approximate_parameters(const ModelShape& model) {
  const Counter<double> counter{model};
  return counter.embedding() + counter.layers(false);
}

}  // namespace mobasim
