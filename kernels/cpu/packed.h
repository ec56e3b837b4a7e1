// Keys and values of each key head laid out one row after the other. In their own layout the rows of a head are
// kv_heads * head_dim floats apart, often a power of two, and fall on the same few lines of the cache.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/buffer.h"
#include "kernels/problem.h"

namespace mobasim::kernels {

// head_dim rounded up to what the inner loops take.
[[nodiscard]] std::int64_t padded(std::int64_t head_dim);

struct PackedKeys {
  std::int64_t tokens = 0, columns = 0;
  Buffer<float> k, v;  // [kv_heads, tokens, columns], 0 in the padding

  [[nodiscard]] std::int64_t offset(std::int64_t kv_head, std::int64_t token) const {
    return (kv_head * tokens + token) * columns;
  }
};

[[nodiscard]] PackedKeys packed_keys(const Problem& problem, const Inputs<float>& inputs, int threads);

// packed [heads, tokens, columns] -> rows [tokens, heads, head_dim]
void unpack(std::span<float> rows, const Buffer<float>& packed, const Problem& problem, std::int64_t heads,
            int threads);

}  // namespace mobasim::kernels
