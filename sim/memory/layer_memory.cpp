#include "sim/memory/layer_memory.h"

#include <algorithm>

#include "sim/base/error.h"
#include "sim/model/layer_matrices.h"

namespace mobasim {
namespace {

double number(std::int64_t value) { return static_cast<double>(value); }

double bytes_of_gemm_input(std::string_view dtype) {
  if (dtype == "f32") return 4;
  if (dtype == "bf16" || dtype == "fp16") return 2;
  if (dtype == "fp8") return 1;
  if (dtype == "nvfp4") return 0.5 + 1.0 / 16;  // an fp8 scale for each 16 values (NVFP4)
  throw Unsupported("dtype " + std::string(dtype), "known are f32, bf16, fp16, fp8 and nvfp4");
}

// Widths of a layer, in values per token.
struct Widths {
  double hidden = 0, queries = 0, keys = 0, heads = 0, sequence = 0;
  double active = 0;  // inner width that a token passes: of the feed-forward or of its experts
};

void add_parameters(const ModelShape& model, const LayerGroup& group, const Widths& width, LayerMemory& layer) {
  for (const LayerMatrix<double>& matrix : layer_matrices<double>(model, group)) {
    const double values = matrix.in * matrix.out;
    if (matrix.sharding == Sharding::replicated) {
      layer.replicated_parameters += matrix.copies * values;
      continue;
    }
    layer.gemm_parameters += matrix.copies * values;
    layer.matrix_shapes += values;
    layer.largest_matrix = std::max(layer.largest_matrix, values);
    if (!matrix.bias) continue;
    double& biases = matrix.sharding == Sharding::columns ? layer.sharded_parameters : layer.replicated_parameters;
    biases += matrix.copies * matrix.out;
  }
  layer.sharded_parameters += layer.gemm_parameters;
  const double norm = model.norm == Norm::layer_norm ? 2 : 1;
  layer.replicated_parameters += 2 * norm * width.hidden;
  if (model.qk_norm_over_heads) {
    layer.sharded_parameters += norm * (width.queries + width.keys);
  } else if (model.qk_norm) {
    layer.replicated_parameters += 2 * norm * number(group.head_dim);
  }
}

// Kept per token (A35): inputs of both norms and of both gemm pairs 4 h; q, k, v and the attention's output
// 2 q + 2 kv; gate, up and product 3 f (2 f without a gate). Of that the inputs of gemms are in their format: 2 h,
// the product f, and, where the formats differ, a copy of the attention's output q.
Kept kept_of_all(const ModelShape& model, const LayerGroup& group, const Widths& width, const StackPolicy& stack,
                 const NumberFormat& format) {
  const double e = format.element, product = format.gemm_input;
  Kept kept;
  kept.sequence_sharded = (2 * e + 2 * product) * width.hidden;
  if (stack.dropout) kept.sequence_sharded += 2 * width.hidden;  // masks of one byte
  kept.sharded = e * (2 * width.queries + 2 * width.keys);
  if (product != e) kept.sharded += product * width.queries;
  if (model.qk_norm) kept.sharded += e * (width.queries + width.keys);
  if (group.experts) {
    // Each active expert's input is a copy, its output is kept for the weighted sum; the router's scores are f32.
    kept.sequence_sharded +=
        (e + product) * number(group.experts->active) * width.hidden + 4 * number(group.experts->experts);
  }
  kept.sharded += ((group.gated ? 2 : 1) * e + product) * width.active;
  return kept;
}

// The input, and of the gemms of a layer in order (q, k, v, output, gate, up, down) the results of the first, third,
// ... : torchtitan's selective recomputation by operation.
Kept kept_of_every_other_gemm(const LayerGroup& group, const Widths& width, const NumberFormat& format) {
  Kept kept;
  kept.sharded = format.element * (width.queries + width.keys + width.active);
  kept.sequence_sharded = format.element * (group.gated ? 2 : 1) * width.hidden;
  return kept;
}

// Softmax's result, and with dropout its mask (one byte) and what it leaves; all of s keys for each query.
double score_bytes(const Widths& width, const StackPolicy& stack, const NumberFormat& format) {
  return (stack.dropout ? 2 * format.element + 1 : format.element) * width.heads * width.sequence;
}

// MoBA: what each implementation keeps (the result, bytes per token), and what it needs while it works.
//   ours: picks (4 bytes); at work a partial result with its log-sum-exp and a sorted pick for each pick, mean keys,
//   and
//     12 bytes of offsets per head and block: the key-major kernel over all queries at once (A37).
//   flash_moba: the picks sorted by block and the offsets are kept; at work the picks by query, mean keys; no gate.
//   moba_official: a gathered copy of the query for each pick, with its index, and copies of the keys and values for
//     each query head are kept; at work the outputs of the picks and the f32 gate, a value per query and block.
double add_moba(const LayerGroup& group, const Widths& width, const AttentionCount& one,
                std::string_view implementation, const NumberFormat& format, LayerMemory& layer) {
  const double picks = number(one.picks) * width.heads / width.sequence;  // per token
  const double row = format.element * number(group.head_dim);
  const double blocks = number(one.blocks), offsets = 12 * blocks * width.heads;
  layer.sequence_bytes = blocks * width.keys * format.element;  // mean keys
  if (implementation == "moba_official") {
    layer.forward_bytes = picks * (row + 4) + 4 * blocks * width.heads;
    return picks * (row + 4) + 2 * row * width.heads;
  }
  if (implementation == "flash_moba") {
    layer.forward_bytes = 4 * picks;
    return 4 * picks + offsets / width.sequence;
  }
  layer.forward_bytes = picks * (row + 4 + 4);
  layer.sequence_bytes += offsets;
  return 4 * picks;
}

}  // namespace

NumberFormat number_format(std::string_view dtype, const StackPolicy& stack) {
  const double product = bytes_of_gemm_input(dtype);
  NumberFormat format;
  format.element = dtype == "f32" ? 4 : 2;
  format.gemm_input = format.element;
  if (product < format.element && stack.transformer_engine) {
    format.gemm_input = product;
    format.weight_copies = 2 * product;
  }
  return format;
}

StateBytesPerParameter state_bytes_per_parameter(std::string_view dtype, const StackPolicy& stack) {
  const double gradient = number(stack.gradient_bytes), second = number(stack.second_gradient_bytes);
  if (dtype == "f32") return {4, 4, 4, 0, 8};
  if (stack.f32_weights) return {4, 2, gradient, second, 8};
  if (dtype == "fp16") return {2, 2, 2, 0, 16};
  return {2, 2, gradient, second, 12};
}

LayerMemory layer_memory(const ModelShape& model, const LayerGroup& group, const StackPolicy& stack,
                         std::string_view kernel, const NumberFormat& format, std::int64_t sequence) {
  Widths width{number(model.hidden),
               number(group.heads * group.head_dim),
               number(group.kv_heads * group.head_dim),
               number(group.heads),
               number(sequence),
               number(group.ffn)};
  if (group.experts) width.active = number(group.experts->active * group.experts->ffn + group.experts->shared_ffn);
  const double e = format.element;
  LayerMemory layer;
  add_parameters(model, group, width, layer);
  Kept none = kept_of_all(model, group, width, stack, format);
  Kept selective = stack.selective_every_other_gemm ? kept_of_every_other_gemm(group, width, format) : none;
  // Backward, at once: the gradients of gate, up and product; or those of q, k, v and the output.
  layer.backward_bytes = e * std::max((group.gated ? 3 : 2) * width.active, 2 * width.queries + 2 * width.keys);
  layer.key_bytes = 2 * e * width.keys;
  layer.query_bytes = 2 * e * width.queries;
  const AttentionCount one = count(group.attention, sequence);
  if (kernel == kMathAttention) {
    none.sharded += score_bytes(width, stack, format);
    layer.backward_bytes = std::max(layer.backward_bytes, e * width.heads * width.sequence);
  } else {
    double attention = 4 * width.heads;  // the f32 log-sum-exp of each head
    if (one.blocks > 0) attention += add_moba(group, width, one, kernel, format, layer);
    if (stack.selective_every_other_gemm) selective.sharded += e * width.queries;  // the output
    none.sharded += attention;
    selective.sharded += attention;
  }
  layer.kept = {none, selective, Kept{0, e * width.hidden}};
  return layer;
}

}  // namespace mobasim
