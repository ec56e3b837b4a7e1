// Parameter counts, tensor by tensor (docs/method/attention.md, "Parameters").
#include "sim/model/layer_matrices.h"
#include "sim/model/model_shape.h"

namespace mobasim {

namespace {

// Number is std::int64_t for the count itself and double to see whether that would overflow.
template <class Number>
struct Counter {
  const ModelShape& model;

  Number norm(Number width) const { return model.norm == Norm::layer_norm ? 2 * width : width; }

  // Of queries and keys, where there are such norms.
  Number qk_norm(const LayerGroup& group) const {
    const Number head_dim = Number(group.head_dim);
    if (model.qk_norm_over_heads) return norm(Number(group.heads) * head_dim) + norm(Number(group.kv_heads) * head_dim);
    return model.qk_norm ? 2 * norm(head_dim) : Number(0);
  }

  // Of all experts, or of those that a token passes.
  Number layer(const LayerGroup& group, bool active_only) const {
    Number sum = qk_norm(group) + 2 * norm(Number(model.hidden));
    for (const LayerMatrix<Number>& matrix : layer_matrices<Number>(model, group)) {
      const Number one = matrix.in * matrix.out + (matrix.bias ? matrix.out : Number(0));
      sum += (active_only ? matrix.active : matrix.copies) * one;
    }
    return sum;
  }

  Number layers(bool active_only) const {
    Number sum(0);
    for (const LayerGroup& group : model.groups) sum += Number(group.layers) * layer(group, active_only);
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

std::int64_t layer_parameters(const ModelShape& model, const LayerGroup& group) {
  return Counter<std::int64_t>{model}.layer(group, false);
}

double active_matrix_values(const ModelShape& model, const LayerGroup& group) {
  double values = 0;
  for (const LayerMatrix<double>& matrix : layer_matrices<double>(model, group)) {
    values += matrix.active * matrix.in * matrix.out;
  }
  return values;
}

double approximate_parameters(const ModelShape& model) {
  const Counter<double> counter{model};
  return counter.embedding() + counter.layers(false);
}

}  // namespace mobasim
