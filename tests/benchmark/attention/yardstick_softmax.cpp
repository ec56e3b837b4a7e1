#include "tests/benchmark/attention/yardstick_softmax.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace mobasim::benchmark {
namespace {

using kernels::Bf16;

void put(float& to, float value) { to = value; }
// kernels::narrowed without its care for NaN, which would not become vector code.
void put(Bf16& to, float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  to.bits = static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// exp(x) for x <= 0: 2^n times the polynomial of 2^f, f in -1/2..1/2 (its Taylor series up to f^6: 1e-7 relative).
// Below -87 it gives about 1e-38.
inline float exponential(float x) {
  constexpr float kRound = 12582912.0f;  // 1.5 2^23: adding it leaves the nearest integer in the low bits
  const float scaled = std::max(x * 1.44269504f, -126.0f);
  const float shifted = scaled + kRound;
  const float f = scaled - (shifted - kRound);
  float sum = 1.5403530e-4f;  // ln(2)^i / i!, i = 6 .. 0
  sum = sum * f + 1.3333558e-3f;
  sum = sum * f + 9.6181291e-3f;
  sum = sum * f + 5.5504109e-2f;
  sum = sum * f + 2.4022651e-1f;
  sum = sum * f + 6.9314718e-1f;
  sum = sum * f + 1.0f;
  const std::int32_t exponent = std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(kRound);
  return sum * std::bit_cast<float>((exponent + 127) << 23);
}

float greatest(const float* row, std::int64_t count) {
  float found = std::numeric_limits<float>::lowest();
#pragma omp simd reduction(max : found)
  for (std::int64_t i = 0; i < count; ++i) found = row[i] > found ? row[i] : found;
  return found;
}

template <class T>
float exponentials(const float* row, std::int64_t count, float scale, float m, T* p) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) {
    const float value = exponential(scale * row[i] - m);
    put(p[i], value);
    sum += value;
  }
  return sum;
}

std::int64_t seen(const ScoreTile& tile, std::int64_t row) { return std::min(tile.keys, tile.limit + row); }

}  // namespace

template <class T>
void softmax_tile(const ScoreTile& tile, float* scores, T* p, float* m, float* sum, float* out, std::int64_t dim) {
  for (std::int64_t i = 0; i < tile.queries; ++i) {
    float* row = scores + i * tile.keys;
    T* to = p + i * tile.keys;
    const std::int64_t count = seen(tile, i);
    const float found = tile.scale * greatest(row, count);
    if (found > m[i]) {
      const float factor = std::exp(m[i] - found);  // 0 in the first tile
      m[i] = found;
      sum[i] *= factor;
      float* o = out + i * dim;
#pragma omp simd
      for (std::int64_t c = 0; c < dim; ++c) o[c] *= factor;
    }
    sum[i] += exponentials(row, count, tile.scale, m[i], to);
    std::fill(to + count, to + tile.keys, T{});
  }
}

template <class T>
void softmax_backward_tile(const ScoreTile& tile, float* scores, float* d_p, const float* lse, const float* delta, T* p,
                           T* d_s) {
  for (std::int64_t i = 0; i < tile.queries; ++i) {
    const float *s_row = scores + i * tile.keys, *dp_row = d_p + i * tile.keys;
    T *p_row = p + i * tile.keys, *ds_row = d_s + i * tile.keys;
    const std::int64_t count = seen(tile, i);
    const float scale = tile.scale, shift = lse[i], less = delta[i];
#pragma omp simd
    for (std::int64_t j = 0; j < count; ++j) {
      const float value = exponential(scale * s_row[j] - shift);
      const float slope = value * (dp_row[j] - less) * scale;
      put(p_row[j], value);
      put(ds_row[j], slope);
    }
    std::fill(p_row + count, p_row + tile.keys, T{});
    std::fill(ds_row + count, ds_row + tile.keys, T{});
  }
}

template <class T>
void scaled_copy(std::int64_t count, const float* in, float factor, T* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) put(out[i], factor * in[i]);
}

template <class T>
float dot(std::int64_t count, const T* a, const T* b) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) sum += kernels::widened(a[i]) * kernels::widened(b[i]);
  return sum;
}

template void softmax_tile(const ScoreTile&, float*, float*, float*, float*, float*, std::int64_t);
template void softmax_tile(const ScoreTile&, float*, Bf16*, float*, float*, float*, std::int64_t);
template void softmax_backward_tile(const ScoreTile&, float*, float*, const float*, const float*, float*, float*);
template void softmax_backward_tile(const ScoreTile&, float*, float*, const float*, const float*, Bf16*, Bf16*);
template void scaled_copy(std::int64_t, const float*, float, float*);
template void scaled_copy(std::int64_t, const float*, float, Bf16*);
template float dot(std::int64_t, const float*, const float*);
template float dot(std::int64_t, const Bf16*, const Bf16*);

}  // namespace mobasim::benchmark
