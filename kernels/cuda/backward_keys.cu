#include "kernels/cuda/backward_keys.h"
#include "kernels/cuda/backward_warp.h"
#include "kernels/cuda/launch.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {
namespace {

// Asks for a step's rows of q and d_o. tokens: the address of their tokens.
template <class Element, int kHeadDim>
MOBASIM_DEVICE void copy_step(const BackwardKeysParameters& p, int head, simt::SharedAddress q,
                              simt::SharedAddress tokens) {
  using P = Plan<kHeadDim>;
  constexpr int kPieces = kHeadDim / 8, kPasses = P::kRows * kPieces / P::kThreads;
  const int row = simt::thread_index() / kPieces, piece = simt::thread_index() % kPieces;
  const int stride = p.heads * kHeadDim, first = head * kHeadDim + piece * 8;
  const auto q_rows =
      simt::rows_of(static_cast<const Element*>(p.q) + first, "q", p.tokens, kHeadDim - piece * 8, stride);
  const auto d_o_rows =
      simt::rows_of(static_cast<const Element*>(p.d_o) + first, "d_o", p.tokens, kHeadDim - piece * 8, stride);
  int token[kPasses];
#pragma unroll
  for (int i = 0; i < kPasses; ++i) {
    token[i] = simt::load_shared<int>(tokens + static_cast<simt::SharedAddress>(4 * (row + i * P::kRows / kPasses)));
  }
  const simt::SharedAddress at = piece_address<kHeadDim>(0, row, piece);
#pragma unroll
  for (int i = 0; i < kPasses; ++i) {
    const simt::SharedAddress to = stepped<kHeadDim>(at, i * P::kRows / kPasses, 0);
    simt::cp_async_16(q + to, q_rows, token[i], 0, true);
    simt::cp_async_16(q + P::kBeyond + to, d_o_rows, token[i], 0, true);
  }
}

template <class Element>
constexpr std::uint32_t kInfinityBits = 0;
template <>
constexpr std::uint32_t kInfinityBits<simt::Bf16> = 0x7f80;
template <>
constexpr std::uint32_t kInfinityBits<simt::Fp16> = 0x7c00;

template <class Element>
MOBASIM_DEVICE std::uint32_t nan_cleared(std::uint32_t pair) {
  const std::uint32_t low = (pair & 0x7fff) > kInfinityBits<Element> ? 0 : pair & 0xffff;
  const std::uint32_t high = (pair >> 16 & 0x7fff) > kInfinityBits<Element> ? 0 : pair & 0xffff0000;
  return low | high;
}

// NaN becomes 0 in the pieces of a tile of q or k that this thread copied and waited for. A NaN makes the log-sum-exp
// of each row that sees it NaN, and with it all of the row's weights: it is not lost, and the weight 0 of a row that
// does not see it keeps it out. (0 x NaN would not.)
template <class Element, int kHeadDim, int kRows>
MOBASIM_DEVICE void clear_nan(simt::SharedAddress tile) {
  constexpr int kPieces = kHeadDim / 8, kStep = Plan<kHeadDim>::kThreads / kPieces;
  const simt::SharedAddress at =
      piece_address<kHeadDim>(tile, simt::thread_index() / kPieces, simt::thread_index() % kPieces);
#pragma unroll 1
  for (int row = 0; row < kRows; row += kStep) {
    const auto word = simt::load_shared<simt::Word4>(stepped<kHeadDim>(at, row, 0));
    simt::store_shared(stepped<kHeadDim>(at, row, 0),
                       simt::Word4{nan_cleared<Element>(word.x), nan_cleared<Element>(word.y),
                                   nan_cleared<Element>(word.z), nan_cleared<Element>(word.w)});
  }
}

// The rows of the steps on their way: their tokens two steps ahead, their terms one, q and d_o one.
struct Ahead {
  int token;          // of the step after the next, this thread's row
  simt::Word2 terms;  // of the next step, this thread's row
};

MOBASIM_DEVICE simt::SharedAddress row_slot(simt::SharedAddress base, int bytes) {
  return base + static_cast<simt::SharedAddress>(simt::thread_index() * bytes);
}

// next_tokens: the address of the tokens of the next step.
MOBASIM_DEVICE Ahead ahead_of(const BackwardKeysParameters& p, const RowStep& next, const RowStep& later,
                              simt::SharedAddress next_tokens) {
  Ahead ahead{};
  const int row = simt::thread_index();
  if (row >= kStepRows || next.count == 0) return ahead;
  ahead.terms = terms_of(p, next, row, simt::load_shared<int>(row_slot(next_tokens, 4)));
  if (later.count > 0) ahead.token = token_of(p, later, row);
  return ahead;
}

// Fills shared memory with what the first step needs, and with the tokens of the second; asks for the tiles.
template <class Element, int kHeadDim>
MOBASIM_DEVICE void begin_steps(const BackwardKeysParameters& p, const Place<kHeadDim>& at, const RowStep& first,
                                const RowStep& second) {
  using P = Plan<kHeadDim>;
  if (simt::thread_index() < P::kRows) {
    const int token = token_of(p, first, simt::thread_index());
    simt::store_shared(row_slot(at.shared + P::kTokens, 4), token);
    simt::store_shared(row_slot(at.shared + P::kTokens + P::kRows * 4, 4),
                       second.count > 0 ? token_of(p, second, simt::thread_index()) : 0);
    simt::store_shared(row_slot(at.shared + P::kTerms, 8), terms_of(p, first, simt::thread_index(), token));
  }
  const KeyTile tile = tile_of(p);
  const std::int64_t key = static_cast<std::int64_t>(tile.key_begin) * p.kv_heads + at.kv_head;
  const int keys = tile.key_end - tile.key_begin, stride = p.kv_heads * kHeadDim;
  const auto k = simt::rows_of(static_cast<const Element*>(p.k) + key * kHeadDim, "k", keys, kHeadDim, stride);
  const auto v = simt::rows_of(static_cast<const Element*>(p.v) + key * kHeadDim, "v", keys, kHeadDim, stride);
  copy_tile<kHeadDim, P::kKeys, P::kThreads>(at.shared + P::kK, k, 0, keys);
  copy_tile<kHeadDim, P::kKeys, P::kThreads>(at.shared + P::kV, v, 0, keys);
  simt::sync_block();
  copy_step<Element, kHeadDim>(p, first.head, at.shared + P::kQ, at.shared + P::kTokens);
  simt::cp_async_commit();
  simt::cp_async_wait<0>();
  clear_nan<Element, kHeadDim, P::kKeys>(at.shared + P::kK);
}

// All steps of a key tile. A step takes two barriers: before the first, its tiles have come; between them, each warp
// works on its own keys; after the second, dS is there for dQ, and the room of what the step needed no more is free.
template <class Element, int kHeadDim>
MOBASIM_DEVICE void add_steps(const BackwardKeysParameters& p, const Place<kHeadDim>& at,
                              KeyGradients<kHeadDim>& sums) {
  using P = Plan<kHeadDim>;
  RowWalk walk = walk_of(p, at.kv_head);
  RowStep step = next_step(p, walk), next = next_step(p, walk);
  begin_steps<Element>(p, at, step, next);
  const KeyTile tile = tile_of(p);
  const int tile_keys = tile.key_end - tile.key_begin;
  for (unsigned parity = 0; step.count > 0; parity ^= 1) {
    const simt::SharedAddress q = at.shared + P::kQ + parity * P::kRowTile;
    const simt::SharedAddress tokens = at.shared + P::kTokens + parity * (P::kRows * 4);
    const simt::SharedAddress next_tokens = at.shared + P::kTokens + (parity ^ 1) * (P::kRows * 4);
    simt::cp_async_wait<0>();
    if (step.row_ahead < P::kKeys) clear_nan<Element, kHeadDim, P::kRows>(q);
    simt::sync_block();
    if (next.count > 0) {
      copy_step<Element, kHeadDim>(p, next.head, at.shared + P::kQ + (parity ^ 1) * P::kRowTile, next_tokens);
      simt::cp_async_commit();
    }
    // The keys 0 .. keys - 1 of the tile are those that rows of this step see; warps that own others have nothing to
    // do.
    const int keys = tile_keys <= 64 || step.row_ahead + P::kRows <= 64 ? 64 : P::kKeys;
    if (at.key < keys) add_own_rows<Element>(sums, at, q, step.row_ahead, p.scale * kLog2E);
    int row_tokens[4][2];
    read_tokens<kHeadDim>(row_tokens, tokens);
    simt::sync_block();
    const RowStep later = next_step(p, walk);
    const Ahead ahead = ahead_of(p, next, later, next_tokens);
    add_dq<Element, kHeadDim>(p, at.shared, step.head, keys, row_tokens);
    if (simt::thread_index() < P::kRows) {
      simt::store_shared(row_slot(at.shared + P::kTerms, 8), ahead.terms);
      simt::store_shared(row_slot(tokens, 4), ahead.token);
    }
    if constexpr (P::kShares) {
      if (at.key < keys) add_other_rows<Element>(sums, at, q);
    }
    step = next;
    next = later;
  }
}

// block_index(): x the key tile, y the key head.
template <class Element, int kHeadDim>
MOBASIM_KERNEL(Plan<kHeadDim>::kThreads, Plan<kHeadDim>::kBlocks)
backward_keys_kernel(BackwardKeysParameters p) {
  using P = Plan<kHeadDim>;
  const int key_warp = simt::warp_index() % P::kKeyWarps, row_warp = simt::warp_index() / P::kKeyWarps;
  const Place<kHeadDim> at{simt::shared_base(), simt::block_index().y, key_warp * P::kWarpKeys,
                           row_warp * P::kWarpColumns, row_warp * P::kWarpRows};
  KeyGradients<kHeadDim> sums = {};
  add_steps<Element, kHeadDim>(p, at, sums);
  simt::sync_block();
  const KeyTile tile = tile_of(p);
  store_keys<Element>(sums.dk, simt::planted(simt::Bug::key_gradient_unscaled) ? 1.0f : p.scale, at.shared + P::kK, at,
                      tile, static_cast<Element*>(p.dk), "dk", p.kv_heads);
  store_keys<Element>(sums.dv, 1.0f, at.shared + P::kV, at, tile, static_cast<Element*>(p.dv), "dv", p.kv_heads);
}

template <class Element, int kHeadDim>
void launch_tiles(const BackwardKeysParameters& parameters, Stream stream) {
  using P = Plan<kHeadDim>;
  const LaunchShape shape{{static_cast<unsigned>(parameters.tile_count), static_cast<unsigned>(parameters.kv_heads), 1},
                          P::kThreads,
                          P::kBytes};
  MOBASIM_LAUNCH(stream, shape, parameters, backward_keys_kernel<Element, kHeadDim>);
}

}  // namespace

void launch_backward_keys(Element element, int head_dim, const BackwardKeysParameters& parameters, Stream stream) {
  if (element == Element::bf16) {
    if (head_dim == 64) launch_tiles<simt::Bf16, 64>(parameters, stream);
    if (head_dim == 128) launch_tiles<simt::Bf16, 128>(parameters, stream);
  } else {
    if (head_dim == 64) launch_tiles<simt::Fp16, 64>(parameters, stream);
    if (head_dim == 128) launch_tiles<simt::Fp16, 128>(parameters, stream);
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
