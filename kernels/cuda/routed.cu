#include "kernels/cuda/attend.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/partial.h"
#include "kernels/cuda/routed.h"
#include "kernels/cuda/softmax.h"
#include "kernels/cuda/tile.h"
#include "kernels/simt/simt.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {
namespace {

constexpr int kThreads = kItemEntries / kWarpRows * simt::kWarp;

// What of shared memory: the item's entries, the gathered queries, a tile of keys, a tile of values.
template <int kHeadDim, int kKeys>
constexpr int kSharedBytes = kItemEntries * 4 + tile_bytes<kHeadDim>(kItemEntries + 2 * kKeys);

MOBASIM_DEVICE simt::SharedAddress entry_address(int row) {
  return simt::shared_base() + static_cast<simt::SharedAddress>(row * 4);
}

// Keeps the item's entries in shared memory; rows without an entry are given the first, and nothing is written of them.
MOBASIM_DEVICE void keep_entries(const RoutedParameters& p, const WorkItem& item) {
  static_assert(kThreads == kItemEntries);
  const int row = simt::thread_index();
  const auto entries = simt::line_of(p.entries + item.begin, "entries", item.count);
  simt::store_shared(entry_address(row), simt::load(entries, 0, row < item.count ? row : 0));
}

// Asks for the queries of the item's entries, row by row of the tile. All entries are read before any is waited for.
template <int kHeadDim, class Element>
MOBASIM_DEVICE void gather_queries(simt::SharedAddress tile, const simt::Rows<const Element>& q) {
  constexpr int kPieces = kHeadDim / 8, kStep = kThreads / kPieces, kCopies = kItemEntries / kStep;
  const int first = simt::thread_index() / kPieces, piece = simt::thread_index() % kPieces;
  int entries[kCopies];
#pragma unroll
  for (int i = 0; i < kCopies; ++i) entries[i] = simt::load_shared<int>(entry_address(first + i * kStep));
  const simt::SharedAddress to = piece_address<kHeadDim>(tile, first, piece);
#pragma unroll
  for (int i = 0; i < kCopies; ++i) {
    simt::cp_async_16(stepped<kHeadDim>(to, i * kStep, 0), q, entries[i] >> kSlotBits, piece * 8, true);
  }
}

// Writes the partials of the warp's rows, from `first` on, of the item's `count` entries. softmax after finish().
template <class Element, int kHeadDim>
MOBASIM_DEVICE void write_partials(const RoutedParameters& p, int head, const float (&o)[2][kHeadDim / 8][4],
                                   const Softmax& softmax, int first, int count) {
  const int rows = p.chunk_tokens * p.slots;
  const std::int64_t begin = static_cast<std::int64_t>(head) * rows;
  const auto out =
      simt::rows_of(static_cast<Element*>(p.partials) + begin * kHeadDim, "partials", rows, kHeadDim, kHeadDim);
  const auto lse = simt::line_of(p.partial_lse + begin, "partial lse", rows);
#pragma unroll
  for (int i = 0; i < 2; ++i) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      const int row = first + 16 * i + 8 * h + simt::lane_index() / 4;
      if (row >= count && !simt::planted(simt::Bug::row_tail_written)) continue;
      const int entry = simt::load_shared<int>(entry_address(row));
      int to = (entry >> kSlotBits) * p.slots + (entry & ((1 << kSlotBits) - 1));
      if (simt::planted(simt::Bug::partial_in_next_head)) to += rows;
      write_partial(out, to, o[i], h, simt::fast_reciprocal(softmax.sum[i][h]));
      if (simt::lane_index() % 4 == 0) {
        simt::store(lse, 0, to, log_sum(softmax.maximum[i][h], softmax.sum[i][h]));
      }
    }
  }
}

template <class Element, int kHeadDim, int kKeys>
MOBASIM_KERNEL(kThreads, 2)
routed_kernel(RoutedParameters p) {
  const int at = simt::block_index().x;
  if (at >= simt::load(simt::line_of(p.item_count, "item count", 1), 0, 0)) return;
  const WorkItem item = simt::load(simt::line_of(p.items, "work items", p.most_items), 0, at);
  const int key_begin = simt::load(simt::line_of(p.blocks, "blocks", p.total_blocks), 0, item.block).key_begin;
  const int kv_head = kv_head_of(item.head, p.heads, p.kv_heads);
  const int q_stride = p.heads * kHeadDim, k_stride = p.kv_heads * kHeadDim;
  const std::int64_t q_begin = static_cast<std::int64_t>(p.chunk_begin) * q_stride + item.head * kHeadDim;
  const std::int64_t k_begin = static_cast<std::int64_t>(key_begin) * k_stride + kv_head * kHeadDim;
  const auto q = simt::rows_of(static_cast<const Element*>(p.q) + q_begin, "q", p.chunk_tokens, kHeadDim, q_stride);
  const auto k = simt::rows_of(static_cast<const Element*>(p.k) + k_begin, "k", p.block, kHeadDim, k_stride);
  const auto v = simt::rows_of(static_cast<const Element*>(p.v) + k_begin, "v", p.block, kHeadDim, k_stride);

  const simt::SharedAddress q_tile = simt::shared_base() + kItemEntries * 4;
  const simt::SharedAddress k_tile = q_tile + tile_bytes<kHeadDim>(kItemEntries);
  const simt::SharedAddress v_tile = k_tile + tile_bytes<kHeadDim>(kKeys);
  const int first = simt::warp_index() * kWarpRows;
  const bool any_row = first < item.count;  // the warp has
  copy_whole_tile<kHeadDim, kKeys, kThreads>(k_tile, k, 0);
  keep_entries(p, item);
  simt::sync_block();
  gather_queries<kHeadDim>(q_tile, q);
  simt::cp_async_commit();

  const simt::SharedAddress q_lane = down_lane<kHeadDim>(q_tile, first);
  const simt::SharedAddress k_lane = across_lane<kHeadDim>(k_tile, 0);
  const simt::SharedAddress v_lane = down_lane<kHeadDim>(v_tile, 0);
  const float factor = softmax_factor<kHeadDim>();
  float o[2][kHeadDim / 8][4] = {};
  Softmax softmax = no_keys();
  for (int key = 0; key < p.block; key += kKeys) {
    float s[2][kKeys / 8][4];
    simt::cp_async_wait<0>();
    simt::sync_block();
    copy_whole_tile<kHeadDim, kKeys, kThreads>(v_tile, v, key);
    simt::cp_async_commit();
    if (any_row) scores<Element, kHeadDim, kKeys>(s, q_lane, k_lane);
    simt::cp_async_wait<0>();
    simt::sync_block();
    if (key + kKeys < p.block) copy_whole_tile<kHeadDim, kKeys, kThreads>(k_tile, k, key + kKeys);
    simt::cp_async_commit();
    if (any_row) {
      raise_maximum(softmax, s, o, factor, key == 0);
      add_values<Element, kHeadDim, kKeys>(o, softmax, s, v_lane, factor);
    }
  }
  finish(softmax, factor);
  write_partials<Element, kHeadDim>(p, item.head, o, softmax, first, item.count);
}

template <class T, int kHeadDim, int kKeys>
void launch_tiled(const RoutedParameters& p, Stream stream) {
  const LaunchShape shape = {
      {static_cast<unsigned>(p.most_items)}, kThreads, static_cast<unsigned>(kSharedBytes<kHeadDim, kKeys>)};
  MOBASIM_LAUNCH(stream, shape, p, routed_kernel<T, kHeadDim, kKeys>);
}

template <class T>
void launch_with(int head_dim, const RoutedParameters& p, Stream stream) {
  if (head_dim == 128) {
    launch_tiled<T, 128, 64>(p, stream);
  } else if (p.block % 128 == 0) {
    launch_tiled<T, 64, 128>(p, stream);
  } else {
    launch_tiled<T, 64, 64>(p, stream);
  }
}

}  // namespace

void launch_routed(Element element, int head_dim, const RoutedParameters& p, Stream stream) {
  if (element == Element::bf16) {
    launch_with<simt::Bf16>(head_dim, p, stream);
  } else {
    launch_with<simt::Fp16>(head_dim, p, stream);
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
