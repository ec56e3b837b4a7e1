#include "kernels/layer/rows.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/parallel.h"
#include "kernels/layer/loops.h"

namespace mobasim::kernels {
namespace {

constexpr std::int64_t kRowsATask = 32;
constexpr double kRotationBase = 10000;

template <class Work>
void for_rows(std::int64_t rows, int threads, const Work& work) {
  cpu::parallel_for((rows + kRowsATask - 1) / kRowsATask, threads, [&](std::int64_t task, int) {
    for (std::int64_t row = task * kRowsATask; row < std::min(rows, (task + 1) * kRowsATask); ++row) work(row);
  });
}

// One head turned by the angles of a row; sign -1 turns it back.
template <class T>
void turn(const Rotation& rotation, std::int64_t row, float sign, const T* from, T* to) {
  const std::int64_t half = rotation.head_dim / 2;
  layer_loops<T>().turn(half, rotation.cosine.data() + row * half, rotation.sine.data() + row * half, sign, from, to);
}

}  // namespace

std::int64_t gain_parts(std::int64_t rows) { return (rows + kRowsATask - 1) / kRowsATask; }

template <class T>
void rms_norm(const RowSpace& space, const T* x, const T* gain, T* y, float* inverse_rms) {
  for_rows(space.rows, space.threads, [=, width = space.width](std::int64_t row) {
    inverse_rms[row] = layer_loops<T>().rms_norm(width, x + row * width, gain, y + row * width);
  });
}

// d_x = inverse (g d_y - x inverse^2 mean(x g d_y)), d_gain = sum over rows of d_y x inverse.
template <class T>
void rms_norm_backward(const RowSpace& space, const T* d_y, const T* x, const T* gain, const float* inverse_rms, T* d_x,
                       float* partial_gain, T* d_gain) {
  const std::int64_t width = space.width, parts = gain_parts(space.rows);
  cpu::parallel_for(parts, space.threads, [=](std::int64_t part, int) {
    float* gain_here = partial_gain + part * width;
    std::fill_n(gain_here, width, 0.0f);
    for (std::int64_t row = part * kRowsATask; row < std::min(space.rows, (part + 1) * kRowsATask); ++row) {
      const std::int64_t at = row * width;
      layer_loops<T>().rms_norm_backward(width, d_y + at, x + at, gain, inverse_rms[row], d_x + at, gain_here);
    }
  });
  // In place of the first part, row by row, as memory has them.
  for (std::int64_t part = 1; part < parts; ++part) {
    for (std::int64_t i = 0; i < width; ++i) partial_gain[i] += partial_gain[part * width + i];
  }
  for (std::int64_t i = 0; i < width; ++i) d_gain[i] = stored<T>(partial_gain[i]);
}

template <class T>
void sums(const RowSpace& space, const T* a, const T* b, T* out) {
  for_rows(space.rows, space.threads, [=, width = space.width](std::int64_t row) {
    layer_loops<T>().sum(width, a + row * width, b + row * width, out + row * width);
  });
}

template <class T>
void gated_activation(const RowSpace& space, const T* both, T* y) {
  for_rows(space.rows, space.threads, [=, width = space.width](std::int64_t row) {
    const T* gate = both + row * 2 * width;
    layer_loops<T>().gated_activation(width, gate, gate + width, y + row * width);
  });
}

template <class T>
void gated_activation_backward(const RowSpace& space, const T* d_y, const T* both, T* d_both) {
  for_rows(space.rows, space.threads, [=, width = space.width](std::int64_t row) {
    const T* gate = both + row * 2 * width;
    T* d_gate = d_both + row * 2 * width;
    layer_loops<T>().gated_activation_backward(width, d_y + row * width, gate, gate + width, d_gate, d_gate + width);
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
