#include "kernels/cuda/row_tile.h"

#include <algorithm>
#include <cstddef>

namespace mobasim::kernels::cuda {
namespace {

// The tiles of the rows begin .. end - 1, all of which see keys from key_begin on. Tiles are cut from key_begin on, so
// that a chunk moves no border but its own.
void cut(std::vector<RowTile>& tiles, int rows, int begin, int end, RowTile like) {
  for (int row = begin; row < end;) {
    const int next = like.key_begin + ((row - like.key_begin) / rows + 1) * rows;
    like.row_begin = row;
    like.row_end = std::min(next, end);
    tiles.push_back(like);
    row = like.row_end;
  }
}

}  // namespace

std::vector<RowTile> row_tiles(const Shape& shape, int rows, int chunk_begin, int chunk_end) {
  std::vector<RowTile> tiles;
  for (std::size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    const int sequence_begin = shape.cu_seqlens[s];
    const int length = shape.cu_seqlens[s + 1] - sequence_begin;
    const int begin = std::max(sequence_begin, chunk_begin);
    const int end = std::min(sequence_begin + length, chunk_end);
    const bool routed = routes(shape, length);
    if (!routed && !(shape.moba && shape.top_k == 1)) {
      cut(tiles, rows, begin, end, {0, 0, sequence_begin, 0});
      continue;
    }
    for (int row = begin; row < end;) {
      const int block_begin = sequence_begin + (row - sequence_begin) / shape.block * shape.block;
      const int block_end = std::min(block_begin + shape.block, end);
      cut(tiles, rows, row, block_end, {0, 0, block_begin, routed ? 1 : 0});
      row = block_end;
    }
  }
  std::stable_sort(tiles.begin(), tiles.end(), [](const RowTile& a, const RowTile& b) {
    return a.row_end - a.key_begin > b.row_end - b.key_begin;
  });
  return tiles;
}

std::vector<RowTile> row_tiles(const Shape& shape, int rows) { return row_tiles(shape, rows, 0, tokens_of(shape)); }

}  // namespace mobasim::kernels::cuda
