#include "kernels/layer/layer.h"

#include <cmath>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/parallel.h"
#include "kernels/layer/gemm.h"
#include "kernels/layer/rows.h"
#include "kernels/random.h"
#include "kernels/work.h"
#include "sim/base/error.h"

namespace mobasim::kernels {
namespace {

template <class T>
std::vector<T> values(std::int64_t count) {
  return std::vector<T>(static_cast<std::size_t>(count));
}

// A matrix [in, out] with the three gemms of its use: y = x W, dx = dy W^T, dW = x^T dy.
class Linear {
 public:
  Linear(std::int64_t tokens, std::int64_t in, std::int64_t out, Dtype dtype, int threads)
      : forward_({tokens, out, in, dtype}, threads),
        input_gradient_({tokens, in, out, dtype, false, true}, threads),
        weight_gradient_({in, out, tokens, dtype, true, false}, threads) {}

  template <class T>
  void forward(const T* x, const std::vector<T>& weight, T* y) {
    forward_.run(x, weight.data(), y);
  }
  template <class T>
  void backward(const T* x, const std::vector<T>& weight, const T* d_y, T* d_x, std::vector<T>& d_weight) {
    input_gradient_.run(d_y, weight.data(), d_x);
    weight_gradient_.run(x, d_y, d_weight.data());
  }

 private:
  Gemm forward_, input_gradient_, weight_gradient_;
};

struct Widths {
  std::int64_t queries, keys, all;
  explicit Widths(const LayerShape& shape)
      : queries(shape.heads * shape.head_dim), keys(shape.kv_heads * shape.head_dim), all(queries + 2 * keys) {}
};

template <class T>
LayerWeights<T> weights_of(const LayerShape& shape) {
  const Widths widths(shape);
  return {values<T>(shape.hidden), values<T>(shape.hidden * widths.all),    values<T>(widths.queries * shape.hidden),
          values<T>(shape.hidden), values<T>(shape.hidden * 2 * shape.ffn), values<T>(shape.ffn * shape.hidden)};
}

template <class T>
LayerWeights<T> random_weights(const LayerShape& shape, std::uint64_t seed) {
  LayerWeights<T> weights = weights_of<T>(shape);
  Random random(seed);
  const auto fill = [&](std::vector<T>& to, double mean, double deviation) {
    for (T& value : to) value = stored<T>(static_cast<float>(mean + deviation * random.normal()));
  };
  const auto matrix = [&](std::vector<T>& to, std::int64_t rows) {
    fill(to, 0, 1 / std::sqrt(static_cast<double>(rows)));
  };
  fill(weights.attention_norm, 1, 0.1), fill(weights.ffn_norm, 1, 0.1);
  matrix(weights.qkv, shape.hidden), matrix(weights.output, shape.heads * shape.head_dim);
  matrix(weights.up, shape.hidden), matrix(weights.down, shape.ffn);
  return weights;
}

void check(const LayerShape& shape) {
  const std::vector<std::string> found = violations(shape);
  if (!found.empty()) throw ConfigError("a layer: " + found.front());
}

Flops gemm_flops(const LayerShape& shape) {
  const Widths widths(shape);
  return Flops(2.0 * static_cast<double>(shape.sequence) * static_cast<double>(shape.hidden) *
               static_cast<double>(widths.all + widths.queries + 3 * shape.ffn));
}

}  // namespace

std::vector<std::string> violations(const LayerShape& shape) {
  std::vector<std::string> found;
  if (shape.sequence < 1 || shape.hidden < 1 || shape.ffn < 1) {
    found.emplace_back("sequence, hidden and ffn must be at least 1");
  }
  if (shape.head_dim % 2 != 0) found.emplace_back("head_dim must be even for the rotary embedding");
  if (shape.sequence < 1) return found;
  for (std::string& breach : violations(attention_of(shape))) found.push_back(std::move(breach));
  return found;
}

Problem attention_of(const LayerShape& shape) {
  Problem problem;
  problem.mechanism = shape.mechanism;
  problem.cu_seqlens = {0, shape.sequence};
  problem.heads = shape.heads;
  problem.kv_heads = shape.kv_heads;
  problem.head_dim = shape.head_dim;
  problem.block = shape.block;
  problem.top_k = shape.top_k;
  return problem;
}

Flops forward_flops(const LayerShape& shape) { return gemm_flops(shape) + forward_flops(attention_of(shape)); }
Flops backward_flops(const LayerShape& shape) { return 2 * gemm_flops(shape) + backward_flops(attention_of(shape)); }

template <class T>
struct Layer<T>::State {
  LayerShape shape;
  int threads;
  const cpu::MicroKernels* micro;
  Problem problem;
  Rotation turns;
  LayerWeights<T> weights, gradients;
  Linear qkv, output, up, down;
  cpu::Workspace workspace;
  // Kept for the backward pass: normed [s, h], heads [s, q + 2 k], x2 [s, h], both [s, 2 f], active [s, f].
  std::vector<float> inverse_rms, inverse_rms2, partial_gain;
  std::vector<T> normed, heads, q, k, v, x2, normed2, both, active;
  Forward<T> attention;
  // wide: a result that the next operation takes.
  std::vector<T> wide, y, d_x, d_x2, d_wide, d_heads, d_active, d_both, d_o;
  Gradients<T> d_attention;

  State(const LayerShape& of, int wanted, std::uint64_t seed, const cpu::MicroKernels* kernels)
      : shape(of),
        threads(cpu::thread_count(wanted)),
        micro(kernels),
        problem(attention_of(of)),
        turns(rotation(of.sequence, of.head_dim)),
        weights(random_weights<T>(of, seed)),
        gradients(weights_of<T>(of)),
        qkv(of.sequence, of.hidden, Widths(of).all, kDtype<T>, threads),
        output(of.sequence, Widths(of).queries, of.hidden, kDtype<T>, threads),
        up(of.sequence, of.hidden, 2 * of.ffn, kDtype<T>, threads),
        down(of.sequence, of.ffn, of.hidden, kDtype<T>, threads) {
    const Widths widths(of);
    const std::int64_t s = of.sequence, hidden = s * of.hidden;
    inverse_rms = values<float>(s);
    inverse_rms2 = values<float>(s);
    partial_gain = values<float>(gain_parts(s) * of.hidden);
    for (auto* tensor : {&normed, &x2, &normed2, &wide, &y, &d_x, &d_x2, &d_wide}) *tensor = values<T>(hidden);
    heads = values<T>(s * widths.all);
    d_heads = values<T>(s * widths.all);
    q = values<T>(s * widths.queries);
    d_o = values<T>(s * widths.queries);
    k = values<T>(s * widths.keys);
    v = values<T>(s * widths.keys);
    both = values<T>(s * 2 * of.ffn);
    d_both = values<T>(s * 2 * of.ffn);
    active = values<T>(s * of.ffn);
    d_active = values<T>(s * of.ffn);
  }

  [[nodiscard]] RowSpace rows(std::int64_t width) const { return {shape.sequence, width, threads}; }
  [[nodiscard]] HeadCounts counts() const { return {shape.heads, shape.kv_heads}; }
  [[nodiscard]] cpu::Options options() { return {threads, micro, kDtype<T>, &workspace}; }

  void forward(const T* x) {
    rms_norm(rows(shape.hidden), x, weights.attention_norm.data(), normed.data(), inverse_rms.data());
    qkv.forward(normed.data(), weights.qkv, heads.data());
    split_heads(shape.sequence, threads, turns, counts(), heads.data(), q.data(), k.data(), v.data());
    cpu::forward(problem, Inputs<T>{q, k, v, {}}, options(), attention);
    output.forward(attention.o.data(), weights.output, wide.data());
    sums(rows(shape.hidden), x, wide.data(), x2.data());
    rms_norm(rows(shape.hidden), x2.data(), weights.ffn_norm.data(), normed2.data(), inverse_rms2.data());
    up.forward(normed2.data(), weights.up, both.data());
    gated_activation(rows(shape.ffn), both.data(), active.data());
    down.forward(active.data(), weights.down, wide.data());
    sums(rows(shape.hidden), x2.data(), wide.data(), y.data());
  }

  void backward(const T* x, const T* d_y) {
    down.backward(active.data(), weights.down, d_y, d_active.data(), gradients.down);
    gated_activation_backward(rows(shape.ffn), d_active.data(), both.data(), d_both.data());
    up.backward(normed2.data(), weights.up, d_both.data(), d_wide.data(), gradients.up);
    rms_norm_backward(rows(shape.hidden), d_wide.data(), x2.data(), weights.ffn_norm.data(), inverse_rms2.data(),
                      wide.data(), partial_gain.data(), gradients.ffn_norm.data());
    sums(rows(shape.hidden), d_y, wide.data(), d_x2.data());
    output.backward(attention.o.data(), weights.output, d_x2.data(), d_o.data(), gradients.output);
    cpu::backward(problem, Inputs<T>{q, k, v, d_o}, attention, options(), d_attention);
    join_heads(shape.sequence, threads, turns, counts(), d_attention.dq.data(), d_attention.dk.data(),
               d_attention.dv.data(), d_heads.data());
    qkv.backward(normed.data(), weights.qkv, d_heads.data(), d_wide.data(), gradients.qkv);
    rms_norm_backward(rows(shape.hidden), d_wide.data(), x, weights.attention_norm.data(), inverse_rms.data(),
                      wide.data(), partial_gain.data(), gradients.attention_norm.data());
    sums(rows(shape.hidden), d_x2.data(), wide.data(), d_x.data());
  }
};

template <class T>
Layer<T>::Layer(const LayerShape& shape, int threads, std::uint64_t seed, const cpu::MicroKernels* micro)
    : state_((check(shape), std::make_unique<State>(shape, threads, seed, micro))) {}
template <class T>
Layer<T>::Layer(Layer&&) noexcept = default;
template <class T>
Layer<T>& Layer<T>::operator=(Layer&&) noexcept = default;
template <class T>
Layer<T>::~Layer() = default;

template <class T>
const std::vector<T>& Layer<T>::forward(const T* x) {
  state_->forward(x);
  return state_->y;
}

template <class T>
const std::vector<T>& Layer<T>::backward(const T* x, const T* d_y) {
  state_->backward(x, d_y);
  return state_->d_x;
}

template <class T>
LayerWeights<T>& Layer<T>::weights() {
  return state_->weights;
}

template <class T>
const LayerWeights<T>& Layer<T>::gradients() const {
  return state_->gradients;
}

template class Layer<float>;
template class Layer<Bf16>;

}  // namespace mobasim::kernels
