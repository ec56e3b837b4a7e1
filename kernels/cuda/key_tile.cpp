#include "kernels/cuda/key_tile.h"

#include <algorithm>
#include <cstddef>

namespace mobasim::kernels::cuda {
namespace {

// The tiles of the keys begin .. end - 1, which all of the rows up to row_end may see.
void cut(std::vector<KeyTile>& tiles, int begin, int end, int block) {
  for (int key = begin; key < end; key += kKeyTileKeys) {
    tiles.push_back({key, std::min(key + kKeyTileKeys, end), end, block});
  }
}

// Tiles that rows are routed to come first: about top_k * block rows each, against at most one block of their own.
bool heavier(const KeyTile& a, const KeyTile& b) {
  if ((a.block >= 0) != (b.block >= 0)) return a.block >= 0;
  return a.row_end - a.key_begin > b.row_end - b.key_begin;
}

}  // namespace

std::vector<KeyTile> key_tiles(const Shape& shape) {
  std::vector<KeyTile> tiles;
  int blocks = 0;
  for (std::size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    const int begin = shape.cu_seqlens[s], end = shape.cu_seqlens[s + 1];
    const bool routed = routes(shape, end - begin);
    const bool own_block_only = routed || (shape.moba && shape.top_k == 1);
    if (!own_block_only) cut(tiles, begin, end, -1);
    for (int key = begin; shape.moba && key < end; key += shape.block, ++blocks) {
      const int block_end = std::min(key + shape.block, end);
      // No row is routed to the last block of a sequence: none comes after it.
      if (own_block_only) cut(tiles, key, block_end, routed && block_end < end ? blocks : -1);
    }
  }
  std::stable_sort(tiles.begin(), tiles.end(), heavier);
  return tiles;
}

}  // namespace mobasim::kernels::cuda
