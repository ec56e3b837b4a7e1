#include "kernels/cuda/block_table.h"

#include <algorithm>

namespace mobasim::kernels::cuda {

std::vector<BlockKeys> block_table(const Shape& shape) {
  std::vector<BlockKeys> table;
  for (std::size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    const int end = shape.cu_seqlens[s + 1];
    for (int key = shape.cu_seqlens[s]; key < end;) {
      table.push_back({key, std::min(shape.block, end - key)});
      key += table.back().key_count;
    }
  }
  return table;
}

std::vector<SequenceSpan> sequence_spans(const Shape& shape) {
  std::vector<SequenceSpan> spans;
  int block = 0;
  for (std::size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    const int begin = shape.cu_seqlens[s], end = shape.cu_seqlens[s + 1];
    const int blocks = (end - begin) / shape.block + ((end - begin) % shape.block != 0 ? 1 : 0);
    spans.push_back({begin, end, block, blocks});
    block += blocks;
  }
  return spans;
}

std::vector<GateTile> gate_tiles(const Shape& shape) {
  std::vector<GateTile> tiles;
  for (const SequenceSpan& span : sequence_spans(shape)) {
    const int routing = routes(shape, span.token_end - span.token_begin) ? 1 : 0;
    for (int begin = span.token_begin; begin < span.token_end;) {
      const int end = span.token_end - begin > kGateRows ? begin + kGateRows : span.token_end;
      tiles.push_back({begin, end, begin - span.token_begin, span.block_begin, span.blocks, routing});
      begin = end;
    }
  }
  std::stable_sort(tiles.begin(), tiles.end(), [](const GateTile& a, const GateTile& b) {
    return a.routes * a.first_position > b.routes * b.first_position;
  });
  return tiles;
}

}  // namespace mobasim::kernels::cuda
