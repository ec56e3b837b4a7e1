#include "kernels/fill.h"

#include <cmath>
#include <limits>

#include "kernels/random.h"

namespace mobasim::kernels {
namespace {

void fill_integers(std::vector<float>& values, Random& random, float factor) {
  for (float& value : values) value = factor * static_cast<float>(random.whole(-64, 64));
}

// use(key row, place in its sequence)
template <class Use>
void for_each_key_row(const Problem& problem, std::vector<float>& k, const Use& use) {
  for (std::size_t i = 0; i + 1 < problem.cu_seqlens.size(); ++i) {
    for (std::int64_t t = problem.cu_seqlens[i]; t < problem.cu_seqlens[i + 1]; ++t) {
      for (std::int64_t head = 0; head < problem.kv_heads; ++head) {
        use(k.data() + (t * problem.kv_heads + head) * problem.head_dim, t - problem.cu_seqlens[i]);
      }
    }
  }
}

void repeat_first_block(const Problem& problem, std::vector<float>& k) {
  const std::int64_t row = problem.kv_heads * problem.head_dim;
  for_each_key_row(problem, k, [&](float* key, std::int64_t place) {
    const std::int64_t back = place / problem.block * problem.block * row;
    for (std::int64_t c = 0; c < problem.head_dim; ++c) key[c] = key[c - back];
  });
}

void repel_second_block(const Problem& problem, Tensors& tensors) {
  for (std::size_t i = 0; i < tensors.q.size(); i += static_cast<std::size_t>(problem.head_dim)) {
    tensors.q[i] = 1.0f + 0.5f * std::abs(tensors.q[i]);
  }
  for_each_key_row(problem, tensors.k, [&](float* key, std::int64_t place) {
    if (place / problem.block == 1) key[0] = -8.0f;
  });
}

void put_nan(std::vector<float>& values) {
  if (!values.empty()) values[values.size() / 2] = std::numeric_limits<float>::quiet_NaN();
}

}  // namespace

void fill_normal(std::vector<float>& values, std::uint64_t seed) {
  Random random(seed);
  for (float& value : values) value = static_cast<float>(random.normal());
}

Tensors filled(const Problem& problem, Fill fill, std::uint64_t seed) {
  Tensors tensors;
  tensors.q.resize(static_cast<std::size_t>(query_size(problem)));
  tensors.k.resize(static_cast<std::size_t>(key_size(problem)));
  tensors.v.resize(tensors.k.size());
  tensors.d_o.resize(tensors.q.size());
  std::uint64_t part = 4 * seed;
  for (std::vector<float>* tensor : {&tensors.q, &tensors.k, &tensors.v, &tensors.d_o}) fill_normal(*tensor, ++part);
  Random random(seed);
  switch (fill) {
    case Fill::normal:
      break;
    case Fill::duplicate_blocks:
      repeat_first_block(problem, tensors.k);
      break;
    case Fill::unpicked_block:
      repel_second_block(problem, tensors);
      break;
    case Fill::large:
      fill_integers(tensors.q, random, 1);
      fill_integers(tensors.k, random, 1);
      fill_integers(tensors.v, random, 1000);
      break;
    case Fill::nan_key:
      put_nan(tensors.k);
      break;
    case Fill::nan_query:
      put_nan(tensors.q);
      break;
  }
  return tensors;
}

Tensors rounded(Tensors tensors, Dtype dtype) {
  if (dtype == Dtype::f32 || dtype == Dtype::f64) return tensors;
  for (std::vector<float>* tensor : {&tensors.q, &tensors.k, &tensors.v, &tensors.d_o}) {
    for (float& value : *tensor) value = static_cast<float>(rounded(static_cast<double>(value), dtype));
  }
  return tensors;
}

WideTensors::WideTensors(const Tensors& tensors)
    : q(tensors.q.begin(), tensors.q.end()),
      k(tensors.k.begin(), tensors.k.end()),
      v(tensors.v.begin(), tensors.v.end()),
      d_o(tensors.d_o.begin(), tensors.d_o.end()) {}

}  // namespace mobasim::kernels
