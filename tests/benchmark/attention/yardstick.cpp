#include "tests/benchmark/attention/yardstick.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "kernels/cpu/buffer.h"
#include "kernels/cpu/parallel.h"
#include "tests/benchmark/attention/yardstick_softmax.h"

namespace mobasim::benchmark {
namespace {

using kernels::cpu::Buffer;

template <class T>
struct Workspace {  // of one thread
  Buffer<float> scores, d_p, sum, second_sum, m, total;
  Buffer<T> p, d_s;
  Workspace(TileSize size, std::int64_t dim)
      : scores(area(size.queries, size.keys)),
        d_p(scores.size()),
        sum(area(size.keys, dim)),
        second_sum(sum.size()),
        m(area(size.queries, 1)),
        total(m.size()),
        p(scores.size()),
        d_s(scores.size()) {}
  static std::size_t area(std::int64_t rows, std::int64_t columns) { return static_cast<std::size_t>(rows * columns); }
};

template <class T>
struct Shape {
  Problem problem;
  TileSize size;
  int threads = 1;
  TileProducts<T> products;
  float scale = 1;
  std::vector<Workspace<T>> workspaces;
  Buffer<float> dq, lse, delta;  // [heads, tokens, head_dim], [heads, tokens] twice

  [[nodiscard]] std::int64_t length() const { return kernels::tokens(problem); }
  [[nodiscard]] std::int64_t query_row() const { return problem.heads * problem.head_dim; }
  [[nodiscard]] std::int64_t key_row() const { return problem.kv_heads * problem.head_dim; }
};

float* in_place(float* scores, float*) { return scores; }
Bf16* in_place(float*, Bf16* other) { return other; }

// use(first key, size): the keys below `end` in tiles of size.keys while they fit, then in tiles of size.queries.
template <class Use>
void for_each_key_tile(TileSize size, std::int64_t end, const Use& use) {
  std::int64_t key = 0;
  for (; key + size.keys <= end; key += size.keys) use(key, size);
  for (; key < end; key += size.queries) use(key, TileSize{size.queries, size.queries});
}

template <class T>
void forward_tile(Shape<T>& shape, const Inputs<T>& inputs, std::int64_t head, std::int64_t first, int thread,
                  Forward<T>& out) {
  Workspace<T>& work = shape.workspaces[static_cast<std::size_t>(thread)];
  const Problem& problem = shape.problem;
  const std::int64_t dim = problem.head_dim, queries = shape.size.queries;
  const T* q = inputs.q.data() + first * shape.query_row() + head * dim;
  const std::int64_t key_column = kernels::kv_head_of(problem, head) * dim;
  std::fill_n(work.sum.data(), queries * dim, 0.0f);
  std::fill_n(work.total.data(), queries, 0.0f);
  std::fill_n(work.m.data(), queries, std::numeric_limits<float>::lowest());
  T* p = in_place(work.scores.data(), work.p.data());
  for_each_key_tile(shape.size, first + queries, [&](std::int64_t key, TileSize size) {
    const std::int64_t place = key * shape.key_row() + key_column;
    shape.products.scores(thread, size, q, inputs.k.data() + place, work.scores.data());
    softmax_tile(ScoreTile{queries, size.keys, first - key + 1, shape.scale}, work.scores.data(), p, work.m.data(),
                 work.total.data(), work.sum.data(), dim);
    shape.products.gather(thread, size, p, inputs.v.data() + place, work.sum.data());
  });
  for (std::int64_t i = 0; i < queries; ++i) {
    const std::size_t row = static_cast<std::size_t>((first + i) * problem.heads + head);
    const float total = work.total[static_cast<std::size_t>(i)];
    scaled_copy(dim, work.sum.data() + i * dim, 1 / total, out.o.data() + row * static_cast<std::size_t>(dim));
    out.lse[row] = static_cast<double>(work.m[static_cast<std::size_t>(i)]) + std::log(static_cast<double>(total));
  }
}

template <class T>
void forward(Shape<T>& shape, const Inputs<T>& inputs, Forward<T>& out) {
  const Problem& problem = shape.problem;
  const std::int64_t tiles = shape.length() / shape.size.queries;
  out.o.resize(inputs.q.size());
  out.lse.resize(static_cast<std::size_t>(shape.length() * problem.heads));
  kernels::cpu::parallel_for(tiles * problem.heads, shape.threads, [&](std::int64_t task, int thread) {
    const std::int64_t tile = tiles - 1 - task / problem.heads;  // the longest first
    forward_tile(shape, inputs, task % problem.heads, tile * shape.size.queries, thread, out);
  });
}

// The gradients of the keys first .. first + size.keys - 1, from the queries that see them; dq grows.
template <class T>
void backward_keys(Shape<T>& shape, const Inputs<T>& inputs, std::int64_t head, std::int64_t first, TileSize size,
                   int thread, Gradients<T>& out) {
  Workspace<T>& work = shape.workspaces[static_cast<std::size_t>(thread)];
  const std::int64_t dim = shape.problem.head_dim, length = shape.length(), queries = size.queries;
  const std::int64_t key_place = first * shape.key_row() + kernels::kv_head_of(shape.problem, head) * dim;
  const T *k = inputs.k.data() + key_place, *v = inputs.v.data() + key_place;
  float *dk = work.sum.data(), *dv = work.second_sum.data();
  std::fill_n(dk, size.keys * dim, 0.0f);
  std::fill_n(dv, size.keys * dim, 0.0f);
  T *p = in_place(work.scores.data(), work.p.data()), *d_s = in_place(work.d_p.data(), work.d_s.data());
  for (std::int64_t query = first; query < length; query += queries) {
    // Queries inside a wide tile see only its first keys: those tiles are as narrow as they can be.
    const TileSize part = query < first + size.keys - queries ? TileSize{queries, queries} : size;
    const std::int64_t query_place = query * shape.query_row() + head * dim;
    const T *q = inputs.q.data() + query_place, *d_o = inputs.d_o.data() + query_place;
    for (std::int64_t key = 0; key < size.keys && first + key <= query; key += part.keys) {
      const std::int64_t step = key * shape.key_row();
      const std::int64_t row = head * length + query;
      shape.products.scores(thread, part, q, k + step, work.scores.data());
      shape.products.scores(thread, part, d_o, v + step, work.d_p.data());
      softmax_backward_tile(ScoreTile{queries, part.keys, query - first - key + 1, shape.scale}, work.scores.data(),
                            work.d_p.data(), shape.lse.data() + row, shape.delta.data() + row, p, d_s);
      shape.products.scatter(thread, part, p, d_o, dv + key * dim);
      shape.products.scatter(thread, part, d_s, q, dk + key * dim);
      shape.products.gather(thread, part, d_s, k + step, shape.dq.data() + row * dim);
    }
  }
  for (std::int64_t i = 0; i < size.keys; ++i) {
    scaled_copy(dim, dk + i * dim, 1.0f, out.dk.data() + key_place + i * shape.key_row());
    scaled_copy(dim, dv + i * dim, 1.0f, out.dv.data() + key_place + i * shape.key_row());
  }
}

template <class T>
void backward_head(Shape<T>& shape, const Inputs<T>& inputs, const Forward<T>& forward, std::int64_t head, int thread,
                   Gradients<T>& out) {
  const std::int64_t dim = shape.problem.head_dim, length = shape.length(), heads = shape.problem.heads;
  float *lse = shape.lse.data() + head * length, *delta = shape.delta.data() + head * length;
  for (std::int64_t t = 0; t < length; ++t) {
    const std::int64_t row = t * heads + head;
    lse[t] = static_cast<float>(forward.lse[static_cast<std::size_t>(row)]);
    delta[t] = dot(dim, forward.o.data() + row * dim, inputs.d_o.data() + row * dim);
  }
  float* dq = shape.dq.data() + head * length * dim;
  std::fill_n(dq, length * dim, 0.0f);
  for_each_key_tile(shape.size, length, [&](std::int64_t key, TileSize size) {
    backward_keys(shape, inputs, head, key, size, thread, out);
  });
  for (std::int64_t t = 0; t < length; ++t) {
    scaled_copy(dim, dq + t * dim, 1.0f, out.dq.data() + (t * heads + head) * dim);
  }
}

template <class T>
void backward(Shape<T>& shape, const Inputs<T>& inputs, const Forward<T>& forward, Gradients<T>& out) {
  out.dq.resize(inputs.q.size());
  out.dk.resize(inputs.k.size());
  out.dv.resize(inputs.v.size());
  kernels::cpu::parallel_for(shape.problem.heads, shape.threads, [&](std::int64_t head, int thread) {
    backward_head(shape, inputs, forward, head, thread, out);
  });
}

}  // namespace

template <class T>
Yardstick<T> yardstick(const Problem& problem, TileSize size, int threads, TileProducts<T> products) {
  const std::size_t rows = static_cast<std::size_t>(problem.heads * kernels::tokens(problem));
  const auto shape =
      std::make_shared<Shape<T>>(Shape<T>{problem,
                                          size,
                                          threads,
                                          std::move(products),
                                          static_cast<float>(kernels::scale_of(problem)),
                                          {},
                                          Buffer<float>(rows * static_cast<std::size_t>(problem.head_dim)),
                                          Buffer<float>(rows),
                                          Buffer<float>(rows)});
  for (int i = 0; i < threads; ++i) shape->workspaces.emplace_back(size, problem.head_dim);
  return {[shape](const Inputs<T>& inputs, Forward<T>& out) { forward(*shape, inputs, out); },
          [shape](const Inputs<T>& inputs, const Forward<T>& result, Gradients<T>& out) {
            backward(*shape, inputs, result, out);
          }};
}

template Yardstick<float> yardstick(const Problem&, TileSize, int, TileProducts<float>);
template Yardstick<Bf16> yardstick(const Problem&, TileSize, int, TileProducts<Bf16>);

}  // namespace mobasim::benchmark
