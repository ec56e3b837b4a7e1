#include "kernels/layer_rows.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "kernels/cpu/parallel.h"

namespace mobasim::kernels {
namespace {

constexpr std::int64_t kRowsATask = 32;
constexpr double kNormFloor = 1e-5;  // added to the mean square, as models of this kind have it (Llama's norm_eps)
constexpr double kRotationBase = 10000;
constexpr std::size_t kSums = 16;  // independent partial sums, so that lanes of vectors can hold them

template <class Work>
void for_rows(std::int64_t rows, int threads, const Work& work) {
  parallel_for((rows + kRowsATask - 1) / kRowsATask, threads, [&](std::int64_t task, int) {
    for (std::int64_t row = task * kRowsATask; row < std::min(rows, (task + 1) * kRowsATask); ++row) work(row);
  });
}

// sum of term(i) for i < count.
template <class Term>
float sum_of(std::int64_t count, const Term& term) {
  std::array<float, kSums> parts{};
  const std::int64_t whole = count / static_cast<std::int64_t>(kSums) * static_cast<std::int64_t>(kSums);
  for (std::int64_t i = 0; i < whole; i += static_cast<std::int64_t>(kSums)) {
    for (std::size_t j = 0; j < kSums; ++j) parts[j] += term(i + static_cast<std::int64_t>(j));
  }
  for (std::int64_t i = whole; i < count; ++i) parts[0] += term(i);
  float sum = 0;
  for (const float part : parts) sum += part;
  return sum;
}

// e^x: x = n ln 2 + r with ln 2 in two parts (Cody and Waite 1980), e^r by its series to r^6 (below 2e-7 off).
inline float exponential(float x) {
  constexpr float kLog2E = 1.44269504f, kLn2High = 0x1.62e4p-1f, kLn2Low = 1.42860677e-6f, kToInteger = 0x1.8p23f;
  const float bounded = std::min(std::max(x, -87.0f), 87.0f);
  const float shifted = bounded * kLog2E + kToInteger;
  const float n = shifted - kToInteger;
  const float r = (bounded - n * kLn2High) - n * kLn2Low;
  constexpr float kThird = 1.0f / 3, kFifth = 1.0f / 5, kSixth = 1.0f / 6;
  const float series =
      1 + r * (1 + r * 0.5f * (1 + r * kThird * (1 + r * 0.25f * (1 + r * kFifth * (1 + r * kSixth)))));
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(series) + (std::bit_cast<std::uint32_t>(shifted) << 23));
}

inline float sigmoid(float x) { return 1 / (1 + exponential(-x)); }

// One head turned by the angles of a row; sign -1 turns it back.
template <class T>
void turn(const Rotation& rotation, std::int64_t row, float sign, const T* from, T* to) {
  const std::int64_t half = rotation.head_dim / 2;
  const float *cosine = rotation.cosine.data() + row * half, *sine = rotation.sine.data() + row * half;
  for (std::int64_t c = 0; c < half; ++c) {
    const float a = widened(from[c]), b = widened(from[c + half]), s = sign * sine[c];
    to[c] = stored<T>(a * cosine[c] - b * s);
    to[c + half] = stored<T>(a * s + b * cosine[c]);
  }
}

}  // namespace

std::int64_t gain_parts(std::int64_t rows) { return (rows + kRowsATask - 1) / kRowsATask; }

template <class T>
void rms_norm(const RowSpace& space, const T* x, const T* gain, T* y, float* inverse_rms) {
  const std::int64_t width = space.width;
  for_rows(space.rows, space.threads, [=](std::int64_t row) {
    const T* in = x + row * width;
    T* out = y + row * width;
    const float squares = sum_of(width, [in](std::int64_t i) { return widened(in[i]) * widened(in[i]); });
    const float inverse = static_cast<float>(1 / std::sqrt(squares / static_cast<double>(width) + kNormFloor));
    inverse_rms[row] = inverse;
    for (std::int64_t i = 0; i < width; ++i) out[i] = stored<T>(widened(in[i]) * inverse * widened(gain[i]));
  });
}

// d_x = inverse (g d_y - x inverse^2 mean(x g d_y)), d_gain = sum over rows of d_y x inverse.
template <class T>
void rms_norm_backward(const RowSpace& space, const T* d_y, const T* x, const T* gain, const float* inverse_rms, T* d_x,
                       float* partial_gain, T* d_gain) {
  const std::int64_t width = space.width, parts = gain_parts(space.rows);
  parallel_for(parts, space.threads, [=](std::int64_t part, int) {
    float* sums_here = partial_gain + part * width;
    std::fill_n(sums_here, width, 0.0f);
    for (std::int64_t row = part * kRowsATask; row < std::min(space.rows, (part + 1) * kRowsATask); ++row) {
      const T *in = x + row * width, *d_out = d_y + row * width;
      T* d_in = d_x + row * width;
      const float dot =
          sum_of(width, [=](std::int64_t i) { return widened(in[i]) * widened(gain[i]) * widened(d_out[i]); });
      const float inverse = inverse_rms[row], shrink = inverse * inverse * dot / static_cast<float>(width);
      for (std::int64_t i = 0; i < width; ++i) {
        const float value = widened(in[i]), gradient = widened(d_out[i]);
        sums_here[i] += gradient * value * inverse;
        d_in[i] = stored<T>(inverse * (widened(gain[i]) * gradient - value * shrink));
      }
    }
  });
  for (std::int64_t i = 0; i < width; ++i) {
    float sum = 0;
    for (std::int64_t part = 0; part < parts; ++part) sum += partial_gain[part * width + i];
    d_gain[i] = stored<T>(sum);
  }
}

template <class T>
void sums(const RowSpace& space, const T* a, const T* b, T* out) {
  for_rows(space.rows, space.threads, [=](std::int64_t row) {
    for (std::int64_t i = row * space.width; i < (row + 1) * space.width; ++i) {
      out[i] = stored<T>(widened(a[i]) + widened(b[i]));
    }
  });
}

template <class T>
void gated_activation(const RowSpace& space, const T* both, T* y) {
  const std::int64_t width = space.width;
  for_rows(space.rows, space.threads, [=](std::int64_t row) {
    const T *gate = both + row * 2 * width, *up = gate + width;
    T* out = y + row * width;
    for (std::int64_t i = 0; i < width; ++i) {
      const float g = widened(gate[i]);
      out[i] = stored<T>(g * sigmoid(g) * widened(up[i]));
    }
  });
}

// silu'(g) = s + g s (1 - s), s = sigmoid(g).
template <class T>
void gated_activation_backward(const RowSpace& space, const T* d_y, const T* both, T* d_both) {
  const std::int64_t width = space.width;
  for_rows(space.rows, space.threads, [=](std::int64_t row) {
    const T *gate = both + row * 2 * width, *up = gate + width, *d_out = d_y + row * width;
    T *d_gate = d_both + row * 2 * width, *d_up = d_gate + width;
    for (std::int64_t i = 0; i < width; ++i) {
      const float g = widened(gate[i]), d = widened(d_out[i]), s = sigmoid(g);
      d_gate[i] = stored<T>(d * widened(up[i]) * (s + g * s * (1 - s)));
      d_up[i] = stored<T>(d * g * s);
    }
  });
}

Rotation rotation(std::int64_t positions, std::int64_t head_dim) {
  Rotation turns{head_dim, {}, {}};
  for (std::int64_t row = 0; row < positions; ++row) {
    for (std::int64_t c = 0; c < head_dim / 2; ++c) {
      const double exponent = -2 * static_cast<double>(c) / static_cast<double>(head_dim);
      const double angle = static_cast<double>(row) * std::pow(kRotationBase, exponent);
      turns.cosine.push_back(static_cast<float>(std::cos(angle)));
      turns.sine.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  return turns;
}

template <class T>
void split_heads(std::int64_t rows, int threads, const Rotation& rotation, HeadCounts counts, const T* all, T* q, T* k,
                 T* v) {
  const std::int64_t dim = rotation.head_dim, queries = counts.heads * dim, keys = counts.kv_heads * dim;
  for_rows(rows, threads, [&, dim, queries, keys](std::int64_t row) {
    const T* from = all + row * (queries + 2 * keys);
    for (std::int64_t at = 0; at < queries; at += dim) turn(rotation, row, 1, from + at, q + row * queries + at);
    for (std::int64_t at = 0; at < keys; at += dim) turn(rotation, row, 1, from + queries + at, k + row * keys + at);
    std::copy_n(from + queries + keys, keys, v + row * keys);
  });
}

template <class T>
void join_heads(std::int64_t rows, int threads, const Rotation& rotation, HeadCounts counts, const T* q, const T* k,
                const T* v, T* all) {
  const std::int64_t dim = rotation.head_dim, queries = counts.heads * dim, keys = counts.kv_heads * dim;
  for_rows(rows, threads, [&, dim, queries, keys](std::int64_t row) {
    T* to = all + row * (queries + 2 * keys);
    for (std::int64_t at = 0; at < queries; at += dim) turn(rotation, row, -1, q + row * queries + at, to + at);
    for (std::int64_t at = 0; at < keys; at += dim) turn(rotation, row, -1, k + row * keys + at, to + queries + at);
    std::copy_n(v + row * keys, keys, to + queries + keys);
  });
}

#define MOBASIM_FOR_FORMAT(T)                                                                                   \
  template void rms_norm(const RowSpace&, const T*, const T*, T*, float*);                                      \
  template void rms_norm_backward(const RowSpace&, const T*, const T*, const T*, const float*, T*, float*, T*); \
  template void sums(const RowSpace&, const T*, const T*, T*);                                                  \
  template void gated_activation(const RowSpace&, const T*, T*);                                                \
  template void gated_activation_backward(const RowSpace&, const T*, const T*, T*);                             \
  template void split_heads(std::int64_t, int, const Rotation&, HeadCounts, const T*, T*, T*, T*);              \
  template void join_heads(std::int64_t, int, const Rotation&, HeadCounts, const T*, const T*, const T*, T*);
MOBASIM_FOR_FORMAT(float)
MOBASIM_FOR_FORMAT(Bf16)
#undef MOBASIM_FOR_FORMAT

}  // namespace mobasim::kernels
