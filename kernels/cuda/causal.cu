#include "kernels/cuda/attend.h"
#include "kernels/cuda/causal.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/output.h"
#include "kernels/cuda/partial.h"
#include "kernels/cuda/softmax.h"
#include "kernels/cuda/tile.h"
#include "kernels/simt/simt.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {
namespace {

constexpr int kThreads = kCausalRows / kWarpRows * simt::kWarp;
// Keys of a tile: as many as registers hold scores of, for o is rescaled and the maximum sought once a tile.
template <int kHeadDim>
constexpr int kTileKeys = kHeadDim == 64 ? 128 : 64;

// -infinity in place of the scores of keys behind their row: the tile begins at key `key`, the warp at row `row`.
template <int kColumns>
MOBASIM_DEVICE void mask(float (&s)[2][kColumns][4], int row, int key) {
  const int lane = simt::lane_index();
  const int last = row + lane / 4 - key - lane % 4 * 2 + (simt::planted(simt::Bug::mask_off_by_one) ? 1 : 0);
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int n = 0; n < kColumns; ++n) {
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        if (8 * n + e % 2 - 16 * i - e / 2 * 8 > last) s[i][n][e] = -simt::infinity();
      }
    }
  }
}

// This block's tile. Read anew where it is needed: registers are scarce between.
MOBASIM_DEVICE RowTile row_tile(const CausalParameters& p) {
  RowTile tile = simt::load(simt::line_of(p.tiles, "row tiles", p.tile_count), 0, simt::block_index().x);
  if (simt::planted(simt::Bug::sequence_crossed)) tile.key_begin = 0;
  return tile;
}

MOBASIM_DEVICE int first_row_of_warp() { return simt::warp_index() * kWarpRows; }

// Goes through the keys of a tile of rows. Rows and keys are counted from the tile's first key.
template <class Element, int kHeadDim>
MOBASIM_DEVICE void attend(const CausalParameters& p, Softmax& softmax, float (&o)[2][kHeadDim / 8][4]) {
  constexpr int kKeys = kTileKeys<kHeadDim>;
  const RowTile tile = row_tile(p);
  const int head = simt::block_index().y;
  const int key_count = tile.row_end - tile.key_begin, row_count = tile.row_end - tile.row_begin;
  const int row_begin = tile.row_begin - tile.key_begin;
  const int q_stride = p.heads * kHeadDim, k_stride = p.kv_heads * kHeadDim;
  const std::int64_t q_begin = static_cast<std::int64_t>(tile.row_begin) * q_stride + head * kHeadDim;
  const std::int64_t k_begin =
      static_cast<std::int64_t>(tile.key_begin) * k_stride + kv_head_of(head, p.heads, p.kv_heads) * kHeadDim;
  const auto q = simt::rows_of(static_cast<const Element*>(p.q) + q_begin, "q", row_count, kHeadDim, q_stride);
  const auto k = simt::rows_of(static_cast<const Element*>(p.k) + k_begin, "k", key_count, kHeadDim, k_stride);
  const auto v = simt::rows_of(static_cast<const Element*>(p.v) + k_begin, "v", key_count, kHeadDim, k_stride);

  const simt::SharedAddress q_tile = simt::shared_base();
  const simt::SharedAddress k_tile = q_tile + tile_bytes<kHeadDim>(kCausalRows);
  const simt::SharedAddress v_tile = k_tile + tile_bytes<kHeadDim>(kKeys);
  const simt::SharedAddress q_lane = down_lane<kHeadDim>(q_tile, first_row_of_warp());
  const simt::SharedAddress k_lane = across_lane<kHeadDim>(k_tile, 0);
  const simt::SharedAddress v_lane = down_lane<kHeadDim>(v_tile, 0);
  const float factor = softmax_factor<kHeadDim>();

  copy_tile<kHeadDim, kCausalRows, kThreads>(q_tile, q, 0, row_count);
  copy_tile<kHeadDim, kKeys, kThreads>(k_tile, k, 0, key_count);
  simt::cp_async_commit();
  int key = 0;
  // Tiles that all rows see whole, and the next one as well.
  for (; key + 2 * kKeys <= row_begin + 1; key += kKeys) {
    float s[2][kKeys / 8][4];
    simt::cp_async_wait<0>();
    simt::sync_block();
    copy_whole_tile<kHeadDim, kKeys, kThreads>(v_tile, v, key);
    simt::cp_async_commit();
    scores<Element, kHeadDim, kKeys>(s, q_lane, k_lane);
    simt::cp_async_wait<0>();
    simt::sync_block();
    copy_whole_tile<kHeadDim, kKeys, kThreads>(k_tile, k, key + kKeys);
    simt::cp_async_commit();
    raise_maximum(softmax, s, o, factor, key == 0);
    add_values<Element, kHeadDim, kKeys>(o, softmax, s, v_lane, factor);
  }
  // The others. The warp takes part in the copies of all, but computes 16 keys at a time as far as its last row sees.
  for (; key < key_count; key += kKeys) {
    float s[2][kKeys / 8][4];
    const int row = row_begin + first_row_of_warp();
    const int groups = row < key_count ? (row + kWarpRows - key + 15) / 16 : 0;
    simt::cp_async_wait<0>();
    simt::sync_block();
    copy_tile<kHeadDim, kKeys, kThreads>(v_tile, v, key, key_count);
    simt::cp_async_commit();
    if (groups > 0) scores<Element, kHeadDim, kKeys>(s, q_lane, k_lane, groups);
    simt::cp_async_wait<0>();
    simt::sync_block();
    if (key + kKeys < key_count) copy_tile<kHeadDim, kKeys, kThreads>(k_tile, k, key + kKeys, key_count);
    simt::cp_async_commit();
    if (groups > 0) {
      if (key + kKeys > row + 1) mask(s, row, key);
      raise_maximum(softmax, s, o, factor, key == 0);
      add_values<Element, kHeadDim, kKeys>(o, softmax, s, v_lane, factor, groups);
    }
  }
  finish(softmax, factor);
}

// The partials of this block's head.
template <class Element, int kHeadDim>
MOBASIM_DEVICE Partials<Element> partials_of_head(const CausalParameters& p) {
  const int head = simt::block_index().y, rows = p.chunk_tokens * p.slots;
  const std::int64_t begin = static_cast<std::int64_t>(head) * rows;
  return {
      simt::rows_of(static_cast<const Element*>(p.partials) + begin * kHeadDim, "partials", rows, kHeadDim, kHeadDim),
      simt::rows_of(p.partial_lse + begin, "partial lse", p.chunk_tokens, p.slots, p.slots),
      simt::rows_of(p.picks + head * p.slots, "picks", p.tokens, p.slots, p.heads * p.slots), p.chunk_begin, p.slots};
}

template <class Element, int kHeadDim, bool kMerge>
MOBASIM_KERNEL(kThreads, 2)
causal_kernel(CausalParameters p) {
  float o[2][kHeadDim / 8][4] = {};
  Softmax softmax = no_keys();
  attend<Element, kHeadDim>(p, softmax, o);
  const RowTile tile = row_tile(p);
  if constexpr (kMerge) {
    if (tile.sequence_routes != 0) {
      merge(softmax, o, partials_of_head<Element, kHeadDim>(p), tile.row_begin + first_row_of_warp(), tile.row_end);
    }
  }
  const int row_count = tile.row_end - tile.row_begin;
  const std::int64_t begin = static_cast<std::int64_t>(tile.row_begin) * p.heads + simt::block_index().y;
  const auto out =
      simt::rows_of(static_cast<Element*>(p.o) + begin * kHeadDim, "o", row_count, kHeadDim, p.heads * kHeadDim);
  const auto lse = simt::rows_of(p.lse + begin, "lse", row_count, 1, p.heads);
  write_rows(out, lse, o, softmax, first_row_of_warp(), row_count);
}

template <class T, int kHeadDim>
void launch_with(bool merge, const CausalParameters& p, Stream stream) {
  const LaunchShape shape = {{static_cast<unsigned>(p.tile_count), static_cast<unsigned>(p.heads)},
                             kThreads,
                             static_cast<unsigned>(tile_bytes<kHeadDim>(kCausalRows + 2 * kTileKeys<kHeadDim>))};
  if (merge) {
    MOBASIM_LAUNCH(stream, shape, p, causal_kernel<T, kHeadDim, true>);
  } else {
    MOBASIM_LAUNCH(stream, shape, p, causal_kernel<T, kHeadDim, false>);
  }
}

}  // namespace

void launch_causal(Element element, int head_dim, bool merge, const CausalParameters& p, Stream stream) {
  if (element == Element::bf16) {
    head_dim == 64 ? launch_with<simt::Bf16, 64>(merge, p, stream) : launch_with<simt::Bf16, 128>(merge, p, stream);
  } else {
    head_dim == 64 ? launch_with<simt::Fp16, 64>(merge, p, stream) : launch_with<simt::Fp16, 128>(merge, p, stream);
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
