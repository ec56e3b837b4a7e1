#include "kernels/cpu/routed.h"

#include <algorithm>
#include <cmath>

#include "kernels/cpu/parallel.h"

namespace mobasim::kernels {
namespace {

Run keys_of(const Problem& problem, const RoutedRows& routed, std::int64_t block) {
  const std::int64_t begin = routed.sequence.begin + block * problem.block;
  return {begin, std::min(begin + problem.block, routed.sequence.end)};
}

// The tokens of cells [first, first + count).
void take_tokens(const RoutedRows& routed, std::int64_t first, std::int64_t count, std::int64_t* tokens_of_tile) {
  for (std::int64_t r = 0; r < count; ++r) {
    tokens_of_tile[r] = routed.rows.begin + routed.cells[static_cast<std::size_t>(first + r)] / routed.slots;
  }
}

struct Part {
  std::int64_t block, first, count;
};

}  // namespace

RoutedRows routed_rows(const Problem& problem, const Selection& selection, std::int64_t head, Run sequence, Run rows) {
  const std::int64_t slots = slots_of(problem), blocks = blocks_of(problem, sequence.end - sequence.begin);
  RoutedRows routed{sequence, rows, head, slots, std::vector<std::int64_t>(static_cast<std::size_t>(blocks) + 1), {}};
  const auto for_each_pick = [&](const auto& use) {
    for (std::int64_t t = rows.begin; t < rows.end; ++t) {
      const std::int32_t* picks = selection.picks.data() + (t * problem.heads + head) * slots;
      for (std::int64_t s = 0; s < slots && picks[s] >= 0; ++s) {
        use(static_cast<std::size_t>(picks[s]), (t - rows.begin) * slots + s);
      }
    }
  };
  for_each_pick([&](std::size_t block, std::int64_t) { ++routed.first[block + 1]; });
  for (std::size_t i = 1; i < routed.first.size(); ++i) routed.first[i] += routed.first[i - 1];
  routed.cells.resize(static_cast<std::size_t>(routed.first.back()));
  std::vector<std::int64_t> next = routed.first;
  for_each_pick(
      [&](std::size_t block, std::int64_t cell) { routed.cells[static_cast<std::size_t>(next[block]++)] = cell; });
  return routed;
}

void routed_forward(CpuContext& context, const RoutedRows& routed, const RoutedPartials& partials) {
  std::vector<Part> parts;
  for (std::size_t block = 0; block + 1 < routed.first.size(); ++block) {
    for (std::int64_t at = routed.first[block]; at < routed.first[block + 1]; at += kLanes) {
      parts.push_back(
          {static_cast<std::int64_t>(block), at, std::min<std::int64_t>(kLanes, routed.first[block + 1] - at)});
    }
  }
  parallel_for(static_cast<std::int64_t>(parts.size()), context.threads, [&](std::int64_t i, int thread) {
    const Part& part = parts[static_cast<std::size_t>(i)];
    const Run keys = keys_of(context.problem, routed, part.block);
    Tile& tile = context.tiles[static_cast<std::size_t>(thread)];
    std::int64_t tokens_of_tile[kLanes];
    take_tokens(routed, part.first, part.count, tokens_of_tile);
    begin_forward(tile, context, routed.head, tokens_of_tile, part.count);
    attend(tile, context, kv_head_of(context.problem, routed.head), keys.begin, keys.end, Mask::none);
    for (std::int64_t r = 0; r < part.count; ++r) {
      const std::int64_t cell = routed.cells[static_cast<std::size_t>(part.first + r)];
      std::copy_n(tile.o.data() + r * tile.columns, tile.columns, partials.o->data() + cell * tile.columns);
      partials.m->data()[cell] = tile.m[r];
      partials.sum->data()[cell] = tile.sum[r];
    }
  });
}

void merge(const RoutedPartials& partials, Tile& tile) {
  const RoutedRows& routed = *partials.routed;
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    const std::int64_t row = tile.token[r] - routed.rows.begin;
    const std::int32_t* picks = partials.picks + row * partials.heads * routed.slots;
    float* o = tile.o.data() + r * tile.columns;
    for (std::int64_t s = 0; s < routed.slots && picks[s] >= 0; ++s) {
      const std::int64_t cell = row * routed.slots + s;
      const float m = std::max(tile.m[r], partials.m->data()[cell]);
      const float keep = std::exp(tile.m[r] - m), add = std::exp(partials.m->data()[cell] - m);
      const float* other = partials.o->data() + cell * tile.columns;
      for (std::int64_t c = 0; c < tile.columns; ++c) o[c] = o[c] * keep + other[c] * add;
      tile.sum[r] = tile.sum[r] * keep + partials.sum->data()[cell] * add;
      tile.m[r] = m;
    }
  }
}

void routed_backward(CpuContext& context, const RoutedRows& routed, Buffer<float>& partial_dq) {
  const std::int64_t blocks = static_cast<std::int64_t>(routed.first.size()) - 1;
  parallel_for(blocks, context.threads, [&](std::int64_t block, int thread) {
    const Run keys = keys_of(context.problem, routed, block);
    Tile& tile = context.tiles[static_cast<std::size_t>(thread)];
    std::int64_t tokens_of_tile[kLanes];
    const std::int64_t last = routed.first[static_cast<std::size_t>(block) + 1];
    for (std::int64_t at = routed.first[static_cast<std::size_t>(block)]; at < last; at += kLanes) {
      const std::int64_t count = std::min<std::int64_t>(kLanes, last - at);
      take_tokens(routed, at, count, tokens_of_tile);
      begin_backward(tile, context, routed.head, tokens_of_tile, count);
      attend_backward(tile, context, kv_head_of(context.problem, routed.head), keys.begin, keys.end, Mask::none);
      for (std::int64_t r = 0; r < count; ++r) {
        const std::int64_t cell = routed.cells[static_cast<std::size_t>(at + r)];
        std::copy_n(tile.dq.data() + r * tile.columns, tile.columns, partial_dq.data() + cell * tile.columns);
      }
    }
  });
}

void add_routed_dq(CpuContext& context, const RoutedRows& routed, const Selection& selection,
                   const Buffer<float>& partial_dq) {
  const std::int64_t columns = context.keys.columns, count = routed.rows.end - routed.rows.begin;
  parallel_for((count + kLanes - 1) / kLanes, context.threads, [&](std::int64_t i, int) {
    for (std::int64_t row = i * kLanes; row < std::min((i + 1) * kLanes, count); ++row) {
      const std::int64_t token = routed.rows.begin + row;
      const std::int32_t* picks = selection.picks.data() + (token * context.problem.heads + routed.head) * routed.slots;
      float* dq = context.gradients.dq.data() + (routed.head * context.keys.tokens + token) * columns;
      for (std::int64_t s = 0; s < routed.slots && picks[s] >= 0; ++s) {
        const float* partial = partial_dq.data() + (row * routed.slots + s) * columns;
        for (std::int64_t c = 0; c < columns; ++c) dq[c] += partial[c];
      }
    }
  });
}

}  // namespace mobasim::kernels
