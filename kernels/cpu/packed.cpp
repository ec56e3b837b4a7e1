#include "kernels/cpu/packed.h"

#include "kernels/cpu/micro_kernels.h"
#include "kernels/cpu/parallel.h"

namespace mobasim::kernels {
namespace {

constexpr std::int64_t kTokensATask = 256;

// task(first token, last token, head)
template <class Task>
void for_each_part(std::int64_t tokens, std::int64_t heads, int threads, const Task& task) {
  const std::int64_t parts = (tokens + kTokensATask - 1) / kTokensATask;
  parallel_for(heads * parts, threads, [&](std::int64_t i, int) {
    const std::int64_t first = i % parts * kTokensATask;
    task(first, std::min(first + kTokensATask, tokens), i / parts);
  });
}

}  // namespace

std::int64_t padded(std::int64_t head_dim) {
  return (head_dim + kColumnMultiple - 1) / kColumnMultiple * kColumnMultiple;
}

PackedKeys packed_keys(const Problem& problem, const Inputs<float>& inputs, int threads) {
  PackedKeys packed;
  packed.tokens = tokens(problem);
  packed.columns = padded(problem.head_dim);
  const std::size_t size = static_cast<std::size_t>(problem.kv_heads * packed.tokens * packed.columns);
  packed.k = Buffer<float>(size);
  packed.v = Buffer<float>(size);
  for_each_part(packed.tokens, problem.kv_heads, threads,
                [&](std::int64_t first, std::int64_t last, std::int64_t head) {
                  for (std::int64_t t = first; t < last; ++t) {
                    const std::int64_t from = (t * problem.kv_heads + head) * problem.head_dim;
                    const std::int64_t to = packed.offset(head, t);
                    std::copy_n(inputs.k.data() + from, problem.head_dim, packed.k.data() + to);
                    std::copy_n(inputs.v.data() + from, problem.head_dim, packed.v.data() + to);
                    std::fill(packed.k.data() + to + problem.head_dim, packed.k.data() + to + packed.columns, 0.0f);
                    std::fill(packed.v.data() + to + problem.head_dim, packed.v.data() + to + packed.columns, 0.0f);
                  }
                });
  return packed;
}

void unpack(std::span<float> rows, const Buffer<float>& packed, const Problem& problem, std::int64_t heads,
            int threads) {
  const std::int64_t count = tokens(problem), columns = padded(problem.head_dim);
  for_each_part(count, heads, threads, [&](std::int64_t first, std::int64_t last, std::int64_t head) {
    for (std::int64_t t = first; t < last; ++t) {
      std::copy_n(packed.data() + (head * count + t) * columns, problem.head_dim,
                  rows.data() + (t * heads + head) * problem.head_dim);
    }
  });
}

}  // namespace mobasim::kernels
