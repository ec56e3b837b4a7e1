#include "sim/step/layer_time.h"

#include <algorithm>
#include <cmath>

#include "sim/step/context_time.h"

namespace mobasim::step {
namespace {

// Kernels that a layer issues, forward and backward (A48).
struct KernelCount {
  double forward, backward;
};
constexpr std::array<KernelCount, 3> kKernels{{{40, 75}, {26, 50}, {16, 34}}};  // eager, fused, compiled

// A49. A100: 312 TFLOP/s of the tensor cores in fp16, 78 without them (datasheet).
constexpr double kWithoutTensorCores = 4;

struct GemmTimes {
  double forward = 0, input_gradient = 0, weight_gradient = 0;
};

GemmTimes& operator+=(GemmTimes& sum, const GemmTimes& more) {
  sum.forward += more.forward;
  sum.input_gradient += more.input_gradient;
  sum.weight_gradient += more.weight_gradient;
  return sum;
}

// [m, k] x [k, n]; its input's gradient [m, n] x [n, k]; its weight's [k, m] x [m, n].
GemmTimes gemm_times(const GemmModel& model, double m, double n, double k, double count = 1) {
  return {count * gemm_seconds(model, m, n, k), count * gemm_seconds(model, m, k, n),
          count * gemm_seconds(model, k, n, m)};
}

// What a device of a tensor group multiplies by: [in, out] of its share.
struct MatrixShare {
  double in, out;
};
MatrixShare share_of(const LayerMatrix<double>& matrix, double tensor) {
  return {matrix.sharding == Sharding::rows ? matrix.in / tensor : matrix.in,
          matrix.sharding == Sharding::columns ? matrix.out / tensor : matrix.out};
}

GemmTimes layer_gemms(const StepContext& context, const LayerShape& layer, const LayerSplitting& split) {
  GemmTimes sum;
  for (const LayerMatrix<double>& matrix : layer.matrices) {
    const MatrixShare share = share_of(matrix, split.tensor);
    sum += gemm_times(context.device->gemm, split.tokens, share.out, share.in, matrix.active);
  }
  return sum;
}

// Attention with its scores in memory: two gemms forward over the whole square, four backward, and the softmax.
// Bytes of the scores, 16-bit (A41): softmax with scale and mask in one kernel 4 forward and 6 backward; dropout 5
// and 5; one kernel each for scale and mask 8 more forward and 4 more backward.
struct MathAttention {
  GemmTimes gemms;  // weight_gradient: the second pair of the backward pass
  double forward_bytes = 0, backward_bytes = 0;
};

MathAttention math_attention(const StepContext& context, const LayerShape& layer, const LayerSplitting& split) {
  // A49: without a multiple of 8 values (16 bytes) the gemms of a head run without tensor cores.
  const double aligned = std::fmod(layer.head_dim, 8) == 0 ? 1 : kWithoutTensorCores;
  const double s = context.sequence, rows = split.sequences * layer.heads / split.tensor * s / split.context;
  const double scores = rows * s;
  MathAttention math;
  math.gemms = gemm_times(context.device->head_gemm, rows, s, layer.head_dim, aligned);
  math.gemms += gemm_times(context.device->head_gemm, rows, layer.head_dim, s, aligned);
  math.forward_bytes = scores * (4 + (context.stack.dropout ? 5 : 0));
  math.backward_bytes = scores * (6 + (context.stack.dropout ? 5 : 0));
  if (context.stack.fusion == Fusion::eager) {
    math.forward_bytes += 8 * scores;
    math.backward_bytes += 4 * scores;
  }
  return math;
}

// A32: bytes per token of what is bound by memory, each operation a kernel of its own that reads and writes once.
struct ElementwiseBytes {
  double forward = 0, backward = 0;
};

ElementwiseBytes elementwise(const StepContext& context, const LayerShape& layer, const LayerSplitting& split) {
  const StackPolicy& stack = context.stack;
  const bool eager = stack.fusion == Fusion::eager, compiled = stack.fusion == Fusion::compiled;
  const bool gated = layer.inner > 1;
  const double rotated = layer.queries + layer.keys;
  const double ffn = layer.ffn + layer.active * layer.expert_ffn + layer.shared_ffn;
  // Values of width hidden: two norms 4 and 6, two residual sums 6 and 6; dropout and bias as kernels of their own.
  // Root mean square norms written out are six kernels in f32, 17 values and half as many again backward; rotary
  // embedding likewise 12 (A81).
  const bool written_out = eager && context.rotary;
  double wide = compiled ? 8 : written_out ? 40 : 10, wide_back = compiled ? 10 : written_out ? 56 : 12;
  if (context.bias) {
    wide += eager ? 4 : 0;
    wide_back += 2;
  }
  if (stack.dropout) {
    wide += eager ? 5 : 1;
    wide_back += 5;
  }
  // Values that the tensor group shares: the activation, rotary embedding, norm on queries and keys.
  double shared = (gated ? (eager ? 5 : 3) : (eager && context.bias ? 4 : 2)) * ffn;
  double shared_back = (gated ? (eager ? 8 : 5) : 3 + (context.bias ? 1 : 0)) * ffn;
  if (context.rotary) {
    shared += (eager ? 12 : 2) * rotated;
    shared_back += (eager ? 12 : 2) * rotated;
  }
  if (context.qk_norm) {
    shared += 2 * rotated;
    shared_back += 3 * rotated;
  }
  const double share = split.sequence_parallel ? split.tensor : 1;
  ElementwiseBytes bytes{context.element * (wide * context.hidden / share + shared / split.tensor),
                         context.element * (wide_back * context.hidden / share + shared_back / split.tensor)};
  if (context.narrow) {  // A42: each gemm's 16-bit factors in, the narrow copy and its transpose out
    const double factors = 2 * context.hidden + (layer.queries + layer.ffn) / split.tensor;
    const double gradients =
        2 * context.hidden + (layer.queries + 2 * layer.keys + layer.inner * layer.ffn) / split.tensor;
    bytes.forward += 4 * factors;
    bytes.backward += 4 * gradients;
  }
  bytes.forward *= split.tokens;
  bytes.backward *= split.tokens;
  return bytes;
}

// Collectives of the tensor group (Shoeybi et al. 2019; with sequence parallelism Korthikanti et al. 2022, section
// 4.2.2): two all-reduces of the activations in each pass, or an all-gather and a reduce-scatter for each.
void add_tensor(const StepContext& context, const LayerSplitting& split, const GemmTimes& gemms, PassTimes& times) {
  if (split.tensor <= 1) return;
  const double bytes = split.tokens * context.hidden * context.element;
  const double factor = split.constants[StackConstant::communication];
  const auto seconds = [&](CollectiveKind kind) {
    return factor * collective_time(kind, bytes, split.tensor_group, context.device->network);
  };
  const double pair = split.sequence_parallel
                          ? seconds(CollectiveKind::all_gather) + seconds(CollectiveKind::reduce_scatter)
                          : seconds(CollectiveKind::all_reduce);
  double forward = 2 * pair, backward = 2 * pair;
  // With sequence parallelism the inputs of two gemms are gathered again for their weights' gradients.
  double again = split.sequence_parallel ? 2 * seconds(CollectiveKind::all_gather) : 0;
  if (context.stack.overlap_tensor != TensorOverlap::none) {
    backward = exposed(context, backward, gemms.weight_gradient, split.tensor);
    again = exposed(context, again, gemms.input_gradient, split.tensor);
  }
  if (context.stack.overlap_tensor == TensorOverlap::all) {
    forward = exposed(context, forward, gemms.forward, split.tensor);
  }
  at(times.forward, TimePart::tensor) += forward;
  at(times.backward, TimePart::tensor) += backward + again;
}

void add_attention(const StepContext& context, const LayerShape& layer, const LayerSplitting& split, PassTimes& times) {
  const double gemm_factor = split.constants[StackConstant::gemm];
  const double memory_factor = split.constants[StackConstant::memory_bound] / context.device->memory_rate;
  if (layer.math) {
    const MathAttention math = math_attention(context, layer, split);
    const double forward = gemm_factor * math.gemms.forward + memory_factor * math.forward_bytes;
    at(times.forward, TimePart::attention) += forward;
    at(times.backward, TimePart::attention) += gemm_factor * (math.gemms.input_gradient + math.gemms.weight_gradient) +
                                               memory_factor * math.backward_bytes +
                                               (split.recompute == Recompute::selective ? forward : 0);
    return;
  }
  const bool ring = split.context_algorithm == ContextAlgorithm::ring && split.context > 1;
  const auto pieces = static_cast<std::size_t>(ring ? std::lround(std::log2(split.context)) : 0);
  const std::size_t piece = std::min(pieces, AttentionSeconds::kSplits - 1);
  const double count =
      split.constants[StackConstant::attention] * split.sequences * layer.heads / split.tensor / split.context;
  at(times.forward, TimePart::routing) += count * layer.attention.forward_routing;
  at(times.backward, TimePart::routing) += count * layer.attention.backward_routing;
  at(times.forward, TimePart::attention) += count * (layer.attention.forward[piece] - layer.attention.forward_routing);
  at(times.backward, TimePart::attention) +=
      count * (layer.attention.backward[piece] - layer.attention.backward_routing);
}

}  // namespace

LayerShape layer_shape(const ModelShape& model, const LayerGroup& group, std::int64_t sequence) {
  LayerShape layer;
  layer.layers = group.layers;
  layer.heads = static_cast<double>(group.heads);
  layer.head_dim = static_cast<double>(group.head_dim);
  layer.queries = layer.heads * layer.head_dim;
  layer.keys = static_cast<double>(group.kv_heads) * layer.head_dim;
  layer.ffn = static_cast<double>(group.ffn);
  layer.inner = group.gated ? 2 : 1;
  if (group.experts) {
    layer.active = static_cast<double>(group.experts->active);
    layer.expert_ffn = static_cast<double>(group.experts->ffn);
    layer.shared_ffn = static_cast<double>(group.experts->shared_ffn);
  }
  const AttentionCount counted = count(group.attention, sequence);
  layer.picks = static_cast<double>(counted.picks);
  layer.blocks = static_cast<double>(counted.blocks);
  layer.routed = counted.picks > 0;
  const std::int64_t norm = model.norm == Norm::layer_norm ? 2 * model.hidden : model.hidden;
  layer.parameters = static_cast<double>(layer_parameters(model, group) + norm);
  layer.matrices = layer_matrices<double>(model, group);
  layer.matrix_values = active_matrix_values(model, group);
  return layer;
}

bool gemms_measured(const StepContext& context, const LayerShape& layer) {
  if (!context.device->gemm.measured) return false;
  const GemmFit& fit = *context.device->gemm.measured;
  const double m = context.sequence;
  return std::all_of(layer.matrices.begin(), layer.matrices.end(), [&](const LayerMatrix<double>& matrix) {
    const double n = matrix.out, k = matrix.in;
    return covers(fit, m, n, k) && covers(fit, m, k, n) && covers(fit, k, n, m);
  });
}

double beside(const StackPolicy& stack, double communication, double window) {
  const double hidden = std::min(communication, window);
  return communication - hidden + stack.contention * hidden;
}

double exposed(const StepContext& context, double seconds, double window, double pieces) {
  return beside(context.stack, seconds, std::min(seconds, window) * (pieces - 1) / pieces);
}

double total(const PartTimes& times) {
  double sum = 0;
  for (const double part : times) sum += part;
  return sum;
}

void add(PassTimes& sum, const PassTimes& times, double factor) {
  add(sum.forward, times.forward, factor);
  add(sum.backward, times.backward, factor);
  sum.weight_gradient += factor * times.weight_gradient;
  sum.forward_kernels += factor * times.forward_kernels;
  sum.backward_kernels += factor * times.backward_kernels;
}

// The forward pass of a feed-forward's second gemm, whose result nothing needs in the backward pass: PyTorch's
// checkpointing stops before it (torch.utils.checkpoint, early_stop; A80).
PartTimes last_product(const StepContext& context, const LayerShape& layer, const LayerSplitting& split) {
  PartTimes times{};
  if (layer.ffn > 0) {
    at(times, TimePart::gemm) =
        split.constants[StackConstant::gemm] *
        gemm_seconds(context.device->gemm, split.tokens, context.hidden, layer.ffn / split.tensor);
  }
  return times;
}

PassTimes layer_time(const StepContext& context, const LayerShape& layer, const LayerSplitting& split) {
  PassTimes times;
  GemmTimes gemms = layer_gemms(context, layer, split);
  const double factor = split.constants[StackConstant::gemm];
  gemms.forward *= factor;
  gemms.input_gradient *= factor;
  gemms.weight_gradient *= factor;
  at(times.forward, TimePart::gemm) = gemms.forward;
  at(times.backward, TimePart::gemm) = gemms.input_gradient + gemms.weight_gradient;
  times.weight_gradient = gemms.weight_gradient;
  add_attention(context, layer, split, times);
  const ElementwiseBytes bytes = elementwise(context, layer, split);
  const double per_byte = split.constants[StackConstant::memory_bound] / context.device->memory_rate;
  at(times.forward, TimePart::elementwise) = per_byte * bytes.forward;
  at(times.backward, TimePart::elementwise) = per_byte * bytes.backward;
  add_tensor(context, split, gemms, times);
  const ContextTime exchange = context_time(context, layer, split, times);
  at(times.forward, TimePart::context) = exchange.forward;
  at(times.backward, TimePart::context) = exchange.backward;
  times.queries_travel = exchange.queries_travel;
  const KernelCount& kernels = kKernels[static_cast<std::size_t>(context.stack.fusion)];
  times.forward_kernels = kernels.forward;
  times.backward_kernels = kernels.backward;
  if (split.recompute == Recompute::selective && context.stack.selective_every_other_gemm) {
    at(times.backward, TimePart::gemm) += gemms.forward / 2;  // A53
    at(times.backward, TimePart::elementwise) += at(times.forward, TimePart::elementwise);
    times.backward_kernels += times.forward_kernels / 2;
  }
  if (split.recompute == Recompute::full) {
    add(times.backward, times.forward);
    if (context.stack.stops_early) add(times.backward, last_product(context, layer, split), -1);
    times.backward_kernels += times.forward_kernels;
  }
  return times;
}

// A33: row in, row out; backward the gradient in, an f32 row read and written. Vocabulary parallel: each rank looks up
// its rows, an all-reduce puts them together.
PassTimes embedding_time(const StepContext& context, const LayerSplitting& split) {
  PassTimes times;
  const double per_byte = split.constants[StackConstant::memory_bound] / context.device->memory_rate;
  const double values = split.tokens * context.hidden;
  const double mask = context.stack.dropout ? 2.5 : 0;
  at(times.forward, TimePart::elementwise) = per_byte * values * context.element * (2 + mask);
  at(times.backward, TimePart::elementwise) = per_byte * values * (context.element * (1 + mask) + 8);
  const CollectiveKind kind = split.sequence_parallel ? CollectiveKind::reduce_scatter : CollectiveKind::all_reduce;
  at(times.forward, TimePart::tensor) =
      split.constants[StackConstant::communication] *
      collective_time(kind, values * context.element, split.tensor_group, context.device->network);
  times.forward_kernels = 6;
  times.backward_kernels = 6;
  return times;
}

PassTimes head_time(const StepContext& context, const LayerSplitting& split) {
  PassTimes times;
  const GemmTimes product_times =
      gemm_times(context.device->head_gemm, split.tokens, context.vocab / split.tensor, context.hidden);
  const double factor = split.constants[StackConstant::gemm];
  at(times.forward, TimePart::gemm) = factor * product_times.forward;
  at(times.backward, TimePart::gemm) = factor * (product_times.input_gradient + product_times.weight_gradient);
  times.weight_gradient = factor * product_times.weight_gradient;
  const double per_byte = split.constants[StackConstant::memory_bound] / context.device->memory_rate;
  const double logits = split.tokens * context.vocab / split.tensor;
  // Fused: logits in, gradient out in their place. Else an f32 copy out, in again for the sum and for the gradient.
  const double forward_bytes = context.stack.fused_loss ? context.element : context.element + 8;
  const double backward_bytes = context.stack.fused_loss ? 2 * context.element : context.element + 4;
  const double norm = context.hidden * split.tokens * context.element / (split.sequence_parallel ? split.tensor : 1);
  at(times.forward, TimePart::elementwise) = per_byte * (logits * forward_bytes + 2 * norm);
  at(times.backward, TimePart::elementwise) = per_byte * (logits * backward_bytes + 3 * norm);
  if (split.tensor > 1) {
    const double bytes = split.tokens * context.hidden * context.element;
    const double communication = split.constants[StackConstant::communication];
    const CollectiveKind kind = split.sequence_parallel ? CollectiveKind::all_gather : CollectiveKind::all_reduce;
    const double seconds = communication * collective_time(kind, bytes, split.tensor_group, context.device->network);
    if (split.sequence_parallel) {
      at(times.forward, TimePart::tensor) = seconds;
      at(times.backward, TimePart::tensor) = 2 * seconds;
    } else {
      at(times.backward, TimePart::tensor) = seconds;
    }
  }
  times.forward_kernels = 12;
  times.backward_kernels = 12;
  return times;
}

}  // namespace mobasim::step
