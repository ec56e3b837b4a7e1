#include "kernels/cpu/gate.h"

#include <algorithm>
#include <numeric>

#include "kernels/cpu/parallel.h"

namespace mobasim::kernels::cpu {
namespace {

constexpr std::int64_t kGroup = 16;  // columns added at a time, by vectors; divides every padded head_dim
static_assert(kColumnMultiple % kGroup == 0);

// Sums in the order of the tokens; rows of `columns` values.
template <class T>
void sum_rows(const T* __restrict rows, std::int64_t count, std::int64_t columns, float* __restrict out) {
  std::fill_n(out, columns, 0.0f);
  for (std::int64_t t = 0; t < count; ++t) {
    for (std::int64_t c = 0; c < columns; c += kGroup) {
      for (std::int64_t i = 0; i < kGroup; ++i) out[c + i] += widened(rows[t * columns + c + i]);
    }
  }
}

void write_picks(const Tile& tile, const Buffer<std::int32_t>& best, std::int64_t slots, std::int64_t heads,
                 std::int64_t head, Selection& selection) {
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    std::int32_t* picks = selection.picks.data() + (tile.token[r] * heads + head) * slots;
    for (std::int64_t s = 0; s < slots; ++s) picks[s] = best[static_cast<std::size_t>(s * kLanes + r)];
  }
}

// Rows with no more than `slots` past blocks take them all, unscored.
void write_all_past(Run rows, const std::int32_t* past, std::int64_t slots, std::int64_t heads, std::int64_t head,
                    Selection& selection) {
  for (std::int64_t t = rows.begin; t < rows.end; ++t) {
    std::int32_t* picks = selection.picks.data() + (t * heads + head) * slots;
    const std::int32_t count = past[t - rows.begin];
    std::iota(picks, picks + count, 0);
    std::fill(picks + count, picks + slots, -1);
  }
}

}  // namespace

void set_mean_keys(Context& context, Run sequence, Buffer<float>& means) {
  const Problem& problem = context.problem;
  const std::int64_t blocks = blocks_of(problem, sequence.end - sequence.begin), columns = context.keys.columns;
  const int values = context.arithmetic.values;
  means.grow(static_cast<std::size_t>(problem.kv_heads * blocks * columns / values));
  parallel_for(problem.kv_heads * blocks, context.threads, [&](std::int64_t i, int thread) {
    const std::int64_t first = sequence.begin + i % blocks * problem.block;
    const std::int64_t count = std::min(problem.block, sequence.end - first);
    const float* keys = context.keys.k_row(i / blocks, first);
    float* const units = means.data() + i * columns / values;
    float* const mean = values == 1 ? units : tile_of(context, thread).row_units.data();
    if (values == 1) {
      sum_rows(keys, count, columns, mean);
    } else {
      sum_rows(reinterpret_cast<const Bf16*>(keys), count, columns, mean);
    }
    for (std::int64_t c = 0; c < columns; ++c) mean[c] /= static_cast<float>(count);
    if (values == 2) {
      for (std::int64_t c = 0; c < columns; ++c) reinterpret_cast<Bf16*>(units)[c] = narrowed(mean[c]);
    } else if (context.mean_keys != Dtype::f32) {
      for (std::int64_t c = 0; c < columns; ++c) {
        mean[c] = static_cast<float>(rounded(static_cast<double>(mean[c]), context.mean_keys));
      }
    }
  });
}

void choose_blocks(const Context& context, Tile& tile, ChunkMemory& memory, Run sequence, Run rows, std::int64_t head,
                   const Buffer<float>& means, Selection& selection) {
  const Problem& problem = context.problem;
  const std::int64_t slots = slots_of(problem), blocks = blocks_of(problem, sequence.end - sequence.begin);
  const float* mean = means.data() + kv_head_of(problem, head) * blocks * tile.columns / context.arithmetic.values;
  std::int64_t tokens_of_tile[kLanes];
  for (std::int64_t first = rows.begin; first < rows.end; first += kLanes) {
    const std::int64_t count = std::min<std::int64_t>(kLanes, rows.end - first);
    std::int32_t past[kLanes] = {};  // a block is open to a query only when it lies wholly before the query's own
    for (std::int64_t r = 0; r < count; ++r) {
      past[r] = static_cast<std::int32_t>((first + r - sequence.begin) / problem.block);
    }
    const std::int64_t open = past[count - 1];
    if (open <= slots) {
      write_all_past({first, first + count}, past, slots, problem.heads, head, selection);
      continue;
    }
    std::iota(tokens_of_tile, tokens_of_tile + count, first);
    take_queries(tile, context, head, tokens_of_tile, count);
    score_rows(tile, context, mean, open, memory.scores.data());
    context.micro.top_blocks(memory.scores.data(), open, tile.lanes, slots, past, memory.best.data(),
                             memory.scratch.data());
    write_picks(tile, memory.best, slots, problem.heads, head, selection);
  }
}

}  // namespace mobasim::kernels::cpu
