// The matrices of a layer: one flat list that parameters, FLOPs, times and memory all read.
//
// In the order in which a token meets them: queries, keys and values (one matrix), attention's output, then of a dense
// feed-forward gate and up (one matrix) and down, of a mixture of experts the router, those of an expert and those of
// the shared experts (docs/method/attention.md, "Parameters"; A31).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sim/model/model_shape.h"

namespace mobasim {

// How a tensor group holds a matrix: shares of its columns (results) or of its rows (inputs), or all of it on each
// device (Shoeybi et al. 2019, arXiv 1909.08053, section 3).
enum class Sharding { columns, rows, replicated };

// [in, out], applied from the right. Number is std::int64_t where counts are exact, and double elsewhere.
template <class Number>
struct LayerMatrix {
  Number in = 0, out = 0;
  Number copies = 1;  // in the layer: an expert's is there once for each expert
  Number active = 1;  // that a token is multiplied by
  Sharding sharding = Sharding::columns;
  bool bias = false;  // of `out` values, sharded with the columns
};

template <class Number>
class LayerMatrices {
 public:
  static constexpr std::size_t kMost = 7;
  void add(const LayerMatrix<Number>& matrix) { matrices_[count_++] = matrix; }
  [[nodiscard]] const LayerMatrix<Number>* begin() const { return matrices_.data(); }
  [[nodiscard]] const LayerMatrix<Number>* end() const { return matrices_.data() + count_; }

 private:
  std::array<LayerMatrix<Number>, kMost> matrices_{};
  std::size_t count_ = 0;
};

// Of one layer of the group.
template <class Number>
[[nodiscard]] LayerMatrices<Number> layer_matrices(const ModelShape& model, const LayerGroup& group) {
  const auto number = [](std::int64_t count) { return static_cast<Number>(count); };
  const Number hidden = number(model.hidden), head_dim = number(group.head_dim);
  const Number queries = number(group.heads) * head_dim, keys = number(group.kv_heads) * head_dim;
  const bool bias = model.linear_bias;
  LayerMatrices<Number> list;
  list.add({hidden, queries + 2 * keys, 1, 1, Sharding::columns, bias || model.qkv_bias});
  list.add({queries, hidden, 1, 1, Sharding::rows, bias});
  const auto add_feed_forward = [&](std::int64_t width, Number copies, Number active) {
    list.add({hidden, number(group.gated ? 2 : 1) * number(width), copies, active, Sharding::columns, bias});
    list.add({number(width), hidden, copies, active, Sharding::rows, bias});
  };
  if (!group.experts) {
    add_feed_forward(group.ffn, 1, 1);
    return list;
  }
  const Experts& experts = *group.experts;
  list.add({hidden, number(experts.experts), 1, 1, Sharding::replicated, false});  // A13: the router has no bias
  add_feed_forward(experts.ffn, number(experts.experts), number(experts.active));
  if (experts.shared_ffn > 0) add_feed_forward(experts.shared_ffn, 1, 1);
  return list;
}

// The values of a layer's matrices that a token is multiplied by: of the experts those of the active ones, and the
// router's. 2 FLOPs each in the forward pass (Kaplan et al. 2020, arXiv 2001.08361, table 1; A31).
[[nodiscard]] double active_matrix_values(const ModelShape& model, const LayerGroup& group);

}  // namespace mobasim
