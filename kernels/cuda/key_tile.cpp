#include "kernels/cuda/key_tile.h"

#include <algorithm>
#include <cstddef>

namespace mobasim::kernels::cuda {
namespace {

struct NumberedTile {
  KeyTile tile;
  int turn;
};

// The tiles of the keys begin .. end - 1, which all of the rows up to `end` may see, from turn `turn` on. Returns the
// turn after the last.
int cut(std::vector<NumberedTile>& tiles, int begin, int end, int block, int turn) {
  for (int key = begin; key < end; key += kKeyTileKeys) {
    tiles.push_back({{key, std::min(key + kKeyTileKeys, end), end, block}, turn++});
  }
  return turn;
}

// The tiles of a sequence whose rows see their own block and, where it routes, earlier ones; its blocks are
// first_block .. of all.
void cut_blocks(std::vector<NumberedTile>& tiles, int begin, int end, const Shape& shape, int first_block) {
  const bool routed = routes(shape, end - begin);
  int turn = 0;
  for (int key = begin, block = first_block; key < end; key += shape.block, ++block) {
    const int block_end = std::min(key + shape.block, end);
    // No row is routed to the last block of a sequence: none comes after it.
    const int next = cut(tiles, key, block_end, routed && block_end < end ? block : -1, turn);
    if (routed) turn = next;
  }
}

// Tiles that rows are routed to come first: about top_k * block rows each, against at most one block of their own.
bool heavier(const KeyTile& a, const KeyTile& b) {
  if ((a.block >= 0) != (b.block >= 0)) return a.block >= 0;
  return a.row_end - a.key_begin > b.row_end - b.key_begin;
}

std::vector<NumberedTile> numbered_tiles(const Shape& shape) {
  std::vector<NumberedTile> tiles;
  int first_block = 0;
  for (std::size_t s = 0; s + 1 < shape.cu_seqlens.size(); ++s) {
    const int begin = shape.cu_seqlens[s], end = shape.cu_seqlens[s + 1];
    if (routes(shape, end - begin) || (shape.moba && shape.top_k == 1)) {
      cut_blocks(tiles, begin, end, shape, first_block);
    } else {
      cut(tiles, begin, end, -1, 0);
    }
    if (shape.moba) first_block += (end - begin + shape.block - 1) / shape.block;
  }
  if (!shape.deterministic) {
    for (NumberedTile& tile : tiles) tile.turn = 0;
  }
  std::stable_sort(tiles.begin(), tiles.end(), [](const NumberedTile& a, const NumberedTile& b) {
    return a.turn != b.turn ? a.turn < b.turn : heavier(a.tile, b.tile);
  });
  return tiles;
}

}  // namespace

std::vector<KeyTile> key_tiles(const Shape& shape) {
  std::vector<KeyTile> tiles;
  for (const NumberedTile& numbered : numbered_tiles(shape)) tiles.push_back(numbered.tile);
  return tiles;
}

std::vector<int> key_turns(const Shape& shape) {
  std::vector<int> turns;
  int count = 0;
  for (const NumberedTile& numbered : numbered_tiles(shape)) {
    if (numbered.turn == static_cast<int>(turns.size())) turns.push_back(count);
    ++count;
  }
  turns.push_back(count);
  return turns;
}

}  // namespace mobasim::kernels::cuda
