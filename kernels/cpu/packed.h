// Keys and values of each key head in the order of the products. In their own layout the rows of a head are
// kv_heads * head_dim values apart, often a power of two, and fall on the same few lines of the cache.
//
// Rows are in units of 32 bits (micro_kernels.h). Where units are pairs, keys that are summed over stand in pairs too,
// and each sequence begins at an even position: one of odd length is followed by a row of zeros.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/buffer.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/cpu/tensor_rows.h"
#include "kernels/problem.h"

namespace mobasim::kernels::cpu {

// head_dim rounded up to what the inner loops take.
[[nodiscard]] std::int64_t padded(std::int64_t head_dim);

// Which of the two directions of the values are wanted.
enum class KeysFor { forward, backward };

struct PackedKeys {
  int values = 1;                            // in a unit
  std::int64_t positions = 0;                // of a head
  std::int64_t columns = 0;                  // head_dim padded; a row has columns / values units
  std::vector<std::int64_t> begins, shifts;  // of each sequence: its first token, its position minus that

  // A row a key, [kv_heads, positions, columns / values], to be summed over head_dim; 0 in the padding.
  Buffer<float> k, v;
  // Pairs of keys, [kv_heads, positions / 2, columns]: only where values == 2.
  Buffer<float> k_pairs, v_pairs;  // k_pairs for the backward pass, v_pairs for the forward pass

  [[nodiscard]] std::int64_t position(std::int64_t token) const;
  // Of the key at a token; to be summed over head_dim.
  [[nodiscard]] const float* k_row(std::int64_t kv_head, std::int64_t token) const;
  [[nodiscard]] const float* v_row(std::int64_t kv_head, std::int64_t token) const;
  // From a key at an even place of its sequence on; to be summed over keys.
  [[nodiscard]] const float* k_sums(std::int64_t kv_head, std::int64_t token) const;
  [[nodiscard]] const float* v_sums(std::int64_t kv_head, std::int64_t token) const;

 private:
  [[nodiscard]] const float* row(const Buffer<float>& rows, std::int64_t kv_head, std::int64_t token) const;
  [[nodiscard]] const float* sums(const Buffer<float>& rows, const Buffer<float>& pairs, std::int64_t kv_head,
                                  std::int64_t token) const;
};

// Fills `packed`, whose memory is used again where it suffices.
void pack_keys(const Problem& problem, const TensorRows& k, const TensorRows& v, int values, KeysFor pass,
               const MicroKernels& micro, int threads, PackedKeys& packed);

// to[c] = from[c] * factor for c < count; `from` stands in a padded row.
inline void write_row(const MicroKernels& micro, const float* from, std::int64_t count, float factor, float* to) {
  micro.write_f32(from, count, factor, to);
}
inline void write_row(const MicroKernels& micro, const float* from, std::int64_t count, float factor, Bf16* to) {
  micro.write_bf16(from, count, factor, to);
}

// packed [heads, tokens, columns] -> rows [tokens, heads, head_dim]
template <class T>
void unpack(std::span<T> rows, const Buffer<float>& packed, const Problem& problem, std::int64_t heads,
            const MicroKernels& micro, int threads);

}  // namespace mobasim::kernels::cpu
