#include "kernels/cpu/backward.h"

#include <algorithm>

#include "kernels/cpu/causal.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/routed.h"

namespace mobasim::kernels::cpu {
namespace {

// A causal run or a routed sequence, cut into chunks.
struct Triangle {
  Run run;
  std::int64_t chunk;
  bool routed;
  std::vector<RoutedRows> picks;  // routed: [heads, chunks]
};

// A square of the causal triangle: rows of one chunk against keys of one chunk of the same run.
struct Square {
  const Triangle* triangle;
  Run keys, rows;
  std::int64_t kv_head;
};

std::int64_t chunks_of(const Triangle& triangle) {
  return (triangle.run.end - triangle.run.begin + triangle.chunk - 1) / triangle.chunk;
}

Run chunk_at(const Triangle& triangle, std::int64_t i) {
  const std::int64_t begin = triangle.run.begin + i * triangle.chunk;
  return {begin, std::min(begin + triangle.chunk, triangle.run.end)};
}

// The largest chunk with which at most a tenth of the threads' time is waiting, if this run were all there is. Large
// ones are better: each square reads its rows anew. The sums are the same with each (add_causal_gradients).
std::int64_t causal_chunk(std::int64_t length, std::int64_t kv_heads, std::int64_t threads) {
  for (const std::int64_t chunk : {1024, 512}) {
    std::int64_t squares = 0, turns = 0;
    for (std::int64_t left = (length + chunk - 1) / chunk; left > 0; --left) {
      squares += left * kv_heads;
      turns += (left * kv_heads + threads - 1) / threads;
    }
    if (10 * (turns * threads - squares) <= turns * threads) return chunk;
  }
  return 256;
}

std::vector<Triangle> triangles_of(const Context& context, std::span<const Run> causal, std::span<const Run> routed) {
  std::vector<Triangle> triangles;
  for (const Run& run : causal) {
    const std::int64_t chunk = causal_chunk(run.end - run.begin, context.problem.kv_heads, context.threads);
    triangles.push_back({run, chunk, false, {}});
  }
  for (const Run& run : routed) triangles.push_back({run, chunk_rows(context.problem, run.end - run.begin), true, {}});
  return triangles;
}

// Sorts the picks of each (head, chunk), in `memory`.
void sort_all_picks(const Context& context, const Selection& selection, Triangle& triangle,
                    Buffer<std::int32_t>& memory) {
  const Problem& problem = context.problem;
  const std::int64_t chunks = chunks_of(triangle), size = sorted_size(problem, triangle.run, triangle.chunk);
  memory.grow(static_cast<std::size_t>(problem.heads * chunks * size));
  triangle.picks.resize(static_cast<std::size_t>(problem.heads * chunks));
  parallel_for(problem.heads * chunks, context.threads, [&](std::int64_t i, int) {
    triangle.picks[static_cast<std::size_t>(i)] = sorted_picks(
        problem, selection, i / chunks, triangle.run, chunk_at(triangle, i % chunks), memory.data() + i * size);
  });
}

// The squares `distance` chunks below the diagonal. No two share a chunk of keys or a chunk of rows of a head, so all
// can run at once with no two threads adding to the same element; distance by distance, the order of the sums is
// fixed.
std::vector<Square> squares_at(const std::vector<Triangle>& triangles, std::int64_t distance, std::int64_t kv_heads) {
  std::vector<Square> squares;
  for (std::int64_t head = 0; head < kv_heads; ++head) {
    for (const Triangle& triangle : triangles) {
      for (std::int64_t i = distance; i < chunks_of(triangle); ++i) {
        squares.push_back({&triangle, chunk_at(triangle, i - distance), chunk_at(triangle, i), head});
      }
    }
  }
  return squares;
}

void add_routed_square(Context& context, Tile& tile, const Square& square) {
  const Problem& problem = context.problem;
  const Triangle& triangle = *square.triangle;
  const std::int64_t group = problem.heads / problem.kv_heads;
  const std::int64_t row_chunk = (square.rows.begin - triangle.run.begin) / triangle.chunk;
  const std::int64_t first_block = (square.keys.begin - triangle.run.begin) / problem.block;
  const std::int64_t last_block = first_block + blocks_of(problem, square.keys.end - square.keys.begin);
  if (square.keys.begin == square.rows.begin) {
    for (std::int64_t at = square.rows.begin; at < square.rows.end; at += problem.block) {
      const Run own{at, std::min(at + problem.block, square.rows.end)};
      add_causal_gradients(context, tile, own, own, square.kv_head);
    }
  }
  for (std::int64_t head = square.kv_head * group; head < (square.kv_head + 1) * group; ++head) {
    const auto picks = static_cast<std::size_t>(head * chunks_of(triangle) + row_chunk);
    routed_backward(context, tile, triangle.picks[picks], first_block, last_block);
  }
}

}  // namespace

void add_gradients(Context& context, std::span<const Run> causal, std::span<const Run> routed,
                   const Selection& selection) {
  std::vector<Triangle> triangles = triangles_of(context, causal, routed);
  std::vector<Buffer<std::int32_t>>& sorted = context.memory.moba.sorted;
  sorted.resize(std::max(sorted.size(), triangles.size()));
  for (std::size_t i = 0; i < triangles.size(); ++i) {
    if (triangles[i].routed) sort_all_picks(context, selection, triangles[i], sorted[i]);
  }
  for (std::int64_t distance = 0;; ++distance) {
    const std::vector<Square> squares = squares_at(triangles, distance, context.problem.kv_heads);
    if (squares.empty()) return;
    parallel_for(static_cast<std::int64_t>(squares.size()), context.threads, [&](std::int64_t i, int thread) {
      const Square& square = squares[static_cast<std::size_t>(i)];
      Tile& tile = tile_of(context, thread);
      if (square.triangle->routed) {
        add_routed_square(context, tile, square);
      } else {
        add_causal_gradients(context, tile, square.rows, square.keys, square.kv_head);
      }
    });
  }
}

}  // namespace mobasim::kernels::cpu
