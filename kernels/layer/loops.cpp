#include "kernels/layer/loops.h"

#include <bit>
#include <cmath>

// As the inner loops of attention (kernels/cpu/micro_kernels.cpp): what follows is compiled once for each of these.
#define HWY_DISABLED_TARGETS (~(HWY_AVX3 | HWY_AVX2 | HWY_NEON | HWY_EMU128 | HWY_SCALAR))
#define HWY_TARGET_INCLUDE "kernels/layer/loops.cpp"
#include <hwy/foreach_target.h>
// After it:
#include <hwy/highway.h>

// Plain loops: Highway's pragmas name the instruction set, and the compiler makes the vectors.
HWY_BEFORE_NAMESPACE();
namespace mobasim::kernels::HWY_NAMESPACE {

using i64 = std::int64_t;

constexpr double kNormFloor = 1e-5;  // added to the mean square, as models of this kind have it (Llama's norm_eps)
constexpr i64 kSums = 32;            // independent partial sums, so that lanes of vectors can hold them

// e^x: x = n ln 2 + r with ln 2 in two parts (Cody and Waite 1980), e^r by its series to r^6 (below 2e-7 off).
HWY_INLINE float exponential(float x) {
  constexpr float kLog2E = 1.44269504f, kLn2High = 0x1.62e4p-1f, kLn2Low = 1.42860677e-6f, kToInteger = 0x1.8p23f;
  const float above = x > -87.0f ? x : -87.0f;
  const float bounded = above < 87.0f ? above : 87.0f;
  const float shifted = bounded * kLog2E + kToInteger;
  const float n = shifted - kToInteger;
  const float r = (bounded - n * kLn2High) - n * kLn2Low;
  constexpr float kThird = 1.0f / 3, kFifth = 1.0f / 5, kSixth = 1.0f / 6;
  const float series =
      1 + r * (1 + r * 0.5f * (1 + r * kThird * (1 + r * 0.25f * (1 + r * kFifth * (1 + r * kSixth)))));
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(series) + (std::bit_cast<std::uint32_t>(shifted) << 23));
}

HWY_INLINE float sigmoid(float x) { return 1 / (1 + exponential(-x)); }

HWY_INLINE float total(const float* parts) {
  float sum = 0;
  for (i64 j = 0; j < kSums; ++j) sum += parts[j];
  return sum;
}

template <class T>
float rms_norm(i64 width, const T* HWY_RESTRICT x, const T* HWY_RESTRICT gain, T* HWY_RESTRICT y) {
  float parts[kSums] = {};
  i64 i = 0;
  for (; i + kSums <= width; i += kSums) {
    for (i64 j = 0; j < kSums; ++j) parts[j] += widened(x[i + j]) * widened(x[i + j]);
  }
  for (; i < width; ++i) parts[0] += widened(x[i]) * widened(x[i]);
  const float inverse = static_cast<float>(1 / std::sqrt(total(parts) / static_cast<double>(width) + kNormFloor));
  for (i = 0; i < width; ++i) y[i] = stored<T>(widened(x[i]) * inverse * widened(gain[i]));
  return inverse;
}

template <class T>
void rms_norm_backward(i64 width, const T* HWY_RESTRICT d_y, const T* HWY_RESTRICT x, const T* HWY_RESTRICT gain,
                       float inverse, T* HWY_RESTRICT d_x, float* HWY_RESTRICT d_gain) {
  float parts[kSums] = {};
  i64 i = 0;
  for (; i + kSums <= width; i += kSums) {
    for (i64 j = 0; j < kSums; ++j) parts[j] += widened(x[i + j]) * widened(gain[i + j]) * widened(d_y[i + j]);
  }
  for (; i < width; ++i) parts[0] += widened(x[i]) * widened(gain[i]) * widened(d_y[i]);
  const float shrink = inverse * inverse * total(parts) / static_cast<float>(width);
  for (i = 0; i < width; ++i) {
    const float value = widened(x[i]), gradient = widened(d_y[i]);
    d_gain[i] += gradient * value * inverse;
    d_x[i] = stored<T>(inverse * (widened(gain[i]) * gradient - value * shrink));
  }
}

template <class T>
void sum(i64 count, const T* HWY_RESTRICT a, const T* HWY_RESTRICT b, T* HWY_RESTRICT out) {
  for (i64 i = 0; i < count; ++i) out[i] = stored<T>(widened(a[i]) + widened(b[i]));
}

template <class T>
void gated_activation(i64 width, const T* HWY_RESTRICT gate, const T* HWY_RESTRICT up, T* HWY_RESTRICT y) {
  for (i64 i = 0; i < width; ++i) {
    const float g = widened(gate[i]);
    y[i] = stored<T>(g * sigmoid(g) * widened(up[i]));
  }
}

// silu'(g) = s + g s (1 - s), s = sigmoid(g).
template <class T>
void gated_activation_backward(i64 width, const T* HWY_RESTRICT d_y, const T* HWY_RESTRICT gate,
                               const T* HWY_RESTRICT up, T* HWY_RESTRICT d_gate, T* HWY_RESTRICT d_up) {
  for (i64 i = 0; i < width; ++i) {
    const float g = widened(gate[i]), d = widened(d_y[i]), s = sigmoid(g);
    d_gate[i] = stored<T>(d * widened(up[i]) * (s + g * s * (1 - s)));
    d_up[i] = stored<T>(d * g * s);
  }
}

template <class T>
void turn(i64 half, const float* HWY_RESTRICT cosine, const float* HWY_RESTRICT sine, float sign,
          const T* HWY_RESTRICT from, T* HWY_RESTRICT to) {
  for (i64 c = 0; c < half; ++c) {
    const float a = widened(from[c]), b = widened(from[c + half]), s = sign * sine[c];
    to[c] = stored<T>(a * cosine[c] - b * s);
    to[c + half] = stored<T>(a * s + b * cosine[c]);
  }
}

template <class T>
constexpr LayerLoops<T> table() {
  return {rms_norm<T>, rms_norm_backward<T>, sum<T>, gated_activation<T>, gated_activation_backward<T>, turn<T>};
}

extern const LayerLoops<float> f32_loops;
extern const LayerLoops<Bf16> bf16_loops;
const LayerLoops<float> f32_loops = table<float>();
const LayerLoops<Bf16> bf16_loops = table<Bf16>();

}  // namespace mobasim::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/cpu/instruction_sets.h"

namespace mobasim::kernels {
namespace {

template <class T, class LoopsOf>
std::vector<LayerLoops<T>> found(const LoopsOf& loops_of) {
  std::vector<LayerLoops<T>> all;
#if HWY_TARGETS & HWY_AVX3
  if (runs_avx512()) all.push_back(loops_of(N_AVX3::f32_loops, N_AVX3::bf16_loops));
#endif
#if HWY_TARGETS & HWY_AVX2
  if (runs_avx2()) all.push_back(loops_of(N_AVX2::f32_loops, N_AVX2::bf16_loops));
#endif
#if HWY_STATIC_TARGET != HWY_AVX2 && HWY_STATIC_TARGET != HWY_AVX3
  all.push_back(loops_of(HWY_NAMESPACE::f32_loops, HWY_NAMESPACE::bf16_loops));  // what the compiler may use everywhere
#endif
  return all;
}

}  // namespace

template <>
const std::vector<LayerLoops<float>>& all_layer_loops() {
  static const auto all = found<float>([](const auto& f32, const auto&) { return f32; });
  return all;
}
template <>
const std::vector<LayerLoops<Bf16>>& all_layer_loops() {
  static const auto all = found<Bf16>([](const auto&, const auto& bf16) { return bf16; });
  return all;
}

}  // namespace mobasim::kernels
#endif
