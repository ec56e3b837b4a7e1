// The rows that a key tile gets gradients from, 64 at a time: for each query head of the tile's key head first the rows
// that see the tile causally, then those routed to its block.
#pragma once

#include "kernels/cuda/backward_keys.h"
#include "kernels/cuda/tables.h"
#include "kernels/simt/simt.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {

constexpr int kStepRows = 64;

// Up to kStepRows rows of one query head. count = 0: there are no more steps.
struct RowStep {
  int head;
  int first, count;  // tokens, or places in the routing index
  bool routed;
  int row_ahead;  // the first row less the tile's first key, if the rows see the tile causally; else kKeyTileKeys
};

// Where the walk over the steps stands.
struct RowWalk {
  int head, heads_end;
  int position, end;
  bool routed;
};

// The block's key tile. Reading it again costs less than keeping it in registers.
MOBASIM_DEVICE KeyTile tile_of(const BackwardKeysParameters& p) {
  const auto tiles = simt::line_of(reinterpret_cast<const int*>(p.tiles), "key_tiles", p.tile_count * 4);
  const auto tile = simt::load_as<simt::Word4>(tiles, 0, simt::block_index().x * 4);
  return {static_cast<int>(tile.x), static_cast<int>(tile.y), static_cast<int>(tile.z), static_cast<int>(tile.w)};
}

MOBASIM_DEVICE RowWalk walk_of(const BackwardKeysParameters& p, int kv_head) {
  const KeyTile tile = tile_of(p);
  const int group = p.heads / p.kv_heads;
  const int heads = simt::planted(simt::Bug::one_head_of_group) ? 1 : group;
  return {kv_head * group, kv_head * group + heads, tile.key_begin, tile.row_end, false};
}

MOBASIM_DEVICE RowStep next_step(const BackwardKeysParameters& p, RowWalk& walk) {
  const KeyTile tile = tile_of(p);
  while (walk.position >= walk.end && walk.head < walk.heads_end) {
    if (tile.block >= 0 && !walk.routed && !simt::planted(simt::Bug::routed_rows_forgotten)) {
      const auto offsets = simt::line_of(p.offsets, "offsets", p.heads * p.total_blocks + 1);
      const int at = walk.head * p.total_blocks + tile.block;
      walk.position = simt::load(offsets, 0, at);
      walk.end = simt::load(offsets, 0, at + 1);
      walk.routed = true;
    } else {
      ++walk.head;
      walk.position = tile.key_begin;
      walk.end = tile.row_end;
      walk.routed = false;
    }
  }
  if (walk.head >= walk.heads_end) return {walk.head, 0, 0, false, 0};
  const int left = walk.end - walk.position;
  const RowStep step{walk.head, walk.position, left < kStepRows ? left : kStepRows, walk.routed,
                     walk.routed ? kKeyTileKeys : walk.position - tile.key_begin};
  walk.position += kStepRows;
  return step;
}

// The token of row `row` of a step. Rows beyond the last stand for the last again, with terms that make their
// probabilities 0: whoever reads and adds rows asks no more.
MOBASIM_DEVICE int token_of(const BackwardKeysParameters& p, const RowStep& step, int row) {
  const int at = step.first + (row < step.count ? row : step.count - 1);
  if (!step.routed) return at;
  return simt::load(simt::line_of(p.entries, "entries", p.entry_count), 0, at) >> kSlotBits;
}

// The log-sum-exp (base 2) and delta of row `row` of a step, whose token is `token`.
MOBASIM_DEVICE simt::Word2 terms_of(const BackwardKeysParameters& p, const RowStep& step, int row, int token) {
  if (row >= step.count && !simt::planted(simt::Bug::row_tail_counted)) return {simt::bits_of(simt::infinity()), 0};
  const auto terms =
      simt::rows_of(p.row_terms + static_cast<std::int64_t>(step.head) * p.tokens * 2, "row_terms", p.tokens, 2, 2);
  return simt::load_as<simt::Word2>(terms, token, 0);
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
