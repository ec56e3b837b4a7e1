#include "kernels/cpu/packed.h"

#include "kernels/cpu/micro_kernels.h"
#include "kernels/cpu/parallel.h"

namespace mobasim::kernels::cpu {
namespace {

constexpr std::int64_t kRowsATask = 256;  // even

// task(first, last, head) over ranges of `count` rows of each head
template <class Task>
void for_each_part(std::int64_t count, std::int64_t heads, int threads, const Task& task) {
  const std::int64_t parts = (count + kRowsATask - 1) / kRowsATask;
  parallel_for(heads * parts, threads, [&](std::int64_t i, int) {
    const std::int64_t first = i % parts * kRowsATask;
    task(first, std::min(first + kRowsATask, count), i / parts);
  });
}

// Where the sequences stand: one after the other, in pairs each at an even position.
void place_sequences(const Problem& problem, PackedKeys& packed) {
  packed.begins.clear();
  packed.shifts.clear();
  std::int64_t position = 0;
  for (std::size_t i = 0; i + 1 < problem.cu_seqlens.size(); ++i) {
    const std::int64_t begin = problem.cu_seqlens[i], length = problem.cu_seqlens[i + 1] - begin;
    if (length == 0) continue;
    packed.begins.push_back(begin);
    packed.shifts.push_back(position - begin);
    position += (length + packed.values - 1) / packed.values * packed.values;
  }
  packed.positions = position;
}

// A tensor by rows; a position that no token has is 0.
void pack_rows(const TensorRows& from, const PackedKeys& packed, std::int64_t tokens, int threads, Buffer<float>& to) {
  const std::int64_t units = packed.columns / packed.values;
  to.grow(static_cast<std::size_t>(from.heads * packed.positions * units));
  for_each_part(tokens, from.heads, threads, [&](std::int64_t first, std::int64_t last, std::int64_t head) {
    for (std::int64_t t = first; t < last; ++t) {
      const std::int64_t position = packed.position(t);
      float* row = to.data() + (head * packed.positions + position) * units;
      copy_row(from, t, head, packed.values, packed.columns, row);
      const bool last_of_sequence = t + 1 == tokens || packed.position(t + 1) != position + 1;
      if (packed.values == 2 && last_of_sequence && position % 2 == 0) std::fill_n(row + units, units, 0.0f);
    }
  });
}

void pair_rows(const Buffer<float>& rows, const PackedKeys& packed, std::int64_t heads, const MicroKernels& micro,
               int threads, Buffer<float>& to) {
  const std::int64_t units = packed.columns / 2;
  to.grow(static_cast<std::size_t>(heads * packed.positions * units));
  for_each_part(packed.positions, heads, threads, [&](std::int64_t first, std::int64_t last, std::int64_t head) {
    for (std::int64_t position = first; position < last; position += 2) {
      const float* row = rows.data() + (head * packed.positions + position) * units;
      micro.interleave(reinterpret_cast<const std::uint16_t*>(row), reinterpret_cast<const std::uint16_t*>(row + units),
                       packed.columns, to.data() + (head * packed.positions + position) * units);
    }
  });
}

}  // namespace

std::int64_t padded(std::int64_t head_dim) {
  return (head_dim + kColumnMultiple - 1) / kColumnMultiple * kColumnMultiple;
}

std::int64_t PackedKeys::position(std::int64_t token) const {
  if (values == 1) return token;
  const auto after = std::upper_bound(begins.begin(), begins.end(), token);
  return token + shifts[static_cast<std::size_t>(after - begins.begin()) - 1];
}

const float* PackedKeys::row(const Buffer<float>& rows, std::int64_t kv_head, std::int64_t token) const {
  return rows.data() + (kv_head * positions + position(token)) * (columns / values);
}
const float* PackedKeys::sums(const Buffer<float>& rows, const Buffer<float>& pairs, std::int64_t kv_head,
                              std::int64_t token) const {
  return row(values == 1 ? rows : pairs, kv_head, token);
}
const float* PackedKeys::k_row(std::int64_t kv_head, std::int64_t token) const { return row(k, kv_head, token); }
const float* PackedKeys::v_row(std::int64_t kv_head, std::int64_t token) const { return row(v, kv_head, token); }
const float* PackedKeys::k_sums(std::int64_t kv_head, std::int64_t token) const {
  return sums(k, k_pairs, kv_head, token);
}
const float* PackedKeys::v_sums(std::int64_t kv_head, std::int64_t token) const {
  return sums(v, v_pairs, kv_head, token);
}

void pack_keys(const Problem& problem, const TensorRows& k, const TensorRows& v, int values, KeysFor pass,
               const MicroKernels& micro, int threads, PackedKeys& packed) {
  const std::int64_t count = tokens(problem);
  packed.values = values;
  packed.columns = padded(problem.head_dim);
  place_sequences(problem, packed);
  pack_rows(k, packed, count, threads, packed.k);
  pack_rows(v, packed, count, threads, packed.v);
  if (values == 1) return;
  const bool forward = pass == KeysFor::forward;
  pair_rows(forward ? packed.v : packed.k, packed, problem.kv_heads, micro, threads,
            forward ? packed.v_pairs : packed.k_pairs);
}

template <class T>
void unpack(std::span<T> rows, const Buffer<float>& packed, const Problem& problem, std::int64_t heads,
            const MicroKernels& micro, int threads) {
  const std::int64_t count = tokens(problem), columns = padded(problem.head_dim);
  for_each_part(count, heads, threads, [&](std::int64_t first, std::int64_t last, std::int64_t head) {
    for (std::int64_t t = first; t < last; ++t) {
      const float* from = packed.data() + (head * count + t) * columns;
      T* to = rows.data() + (t * heads + head) * problem.head_dim;
      write_row(micro, from, problem.head_dim, 1.0f, to);
    }
  });
}
template void unpack(std::span<float>, const Buffer<float>&, const Problem&, std::int64_t, const MicroKernels&, int);
template void unpack(std::span<Bf16>, const Buffer<float>&, const Problem&, std::int64_t, const MicroKernels&, int);

}  // namespace mobasim::kernels::cpu
