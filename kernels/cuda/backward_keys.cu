#include "kernels/cuda/backward_keys.h"
#include "kernels/cuda/backward_products.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/row_steps.h"
#include "kernels/cuda/tile.h"

namespace mobasim::kernels::cuda {
inline namespace MOBASIM_TARGET {
namespace {

// How a block of threads divides its work. Each warp owns kWarpKeys keys of the tile: S^T = K Q^T and dP^T = V dO^T
// leave P^T and dS^T in registers as the first operands of dV += P^T dO and dK += dS^T Q want them. Only dS goes
// through shared memory, for dQ^T = K^T dS^T, of which each warp makes 32 columns of 32 rows.
template <int kHeadDim>
struct Plan {
  static constexpr int kKeys = kKeyTileKeys, kRows = kStepRows;
  static constexpr int kMma = kHeadDim == 64 ? 2 : 1;  // products of 16 keys a warp
  static constexpr int kWarpKeys = 16 * kMma;
  static constexpr int kThreads = kKeys / kWarpKeys * simt::kWarp;
  static constexpr int kBlocks = kHeadDim == 64 ? 2 : 1;  // on a multiprocessor
  static constexpr int kPart = kHeadDim == 64 ? 32 : 64;  // rows whose S and dP a warp holds at a time
  // Bytes in shared memory.
  static constexpr unsigned kK = 0;
  static constexpr unsigned kV = kK + tile_bytes<kHeadDim>(kKeys);
  static constexpr unsigned kQ = kV + tile_bytes<kHeadDim>(kKeys);  // two
  static constexpr unsigned kRowTile = tile_bytes<kHeadDim>(kRows);
  static constexpr unsigned kDO = kQ + 2 * kRowTile;   // two
  static constexpr unsigned kDS = kDO + 2 * kRowTile;  // [keys, rows]
  static constexpr unsigned kTerms = kDS + tile_bytes<kRows>(kKeys);
  static constexpr unsigned kTokens = kTerms + kRows * 8;  // two
  static constexpr unsigned kBytes = kTokens + 2 * kRows * 4;
};

// What a thread knows all along.
template <int kHeadDim>
struct Place {
  simt::SharedAddress shared;
  KeyTile tile;
  int kv_head;
  int warp_key;  // the first of the warp's keys, from the tile's beginning
};

// The sums over all rows, as mma leaves them: [16 keys, 8 columns] each.
template <int kHeadDim>
struct KeyGradients {
  float dk[Plan<kHeadDim>::kMma][kHeadDim / 8][4], dv[Plan<kHeadDim>::kMma][kHeadDim / 8][4];
};

// Puts the warp's dS^T of kSteps * 16 rows into shared memory.
template <int kMma, int kSteps>
MOBASIM_DEVICE void store_d_s(const std::uint32_t (&d_s)[kMma][kSteps][4], simt::SharedAddress to, int first_row) {
#pragma unroll
  for (int m = 0; m < kMma; ++m) {
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        simt::store_shared(stepped<kStepRows>(to, 16 * m + i % 2 * 8, first_row + 16 * step + i / 2 * 8),
                           d_s[m][step][i]);
      }
    }
  }
}

// One step's rows for the warp's keys: adds to dK and dV, leaves dS in shared memory. row_ahead: the step's first row
// less the tile's first key where the rows see the tile causally, else kKeys.
template <class Element, int kHeadDim>
MOBASIM_DEVICE void add_step(KeyGradients<kHeadDim>& sums, const Place<kHeadDim>& at, simt::SharedAddress q,
                             simt::SharedAddress d_o, int row_ahead, float scale_log2) {
  using P = Plan<kHeadDim>;
  constexpr int kTiles = P::kPart / 8;
  const simt::SharedAddress k = down_lane<kHeadDim>(at.shared + P::kK, at.warp_key);
  const simt::SharedAddress v = down_lane<kHeadDim>(at.shared + P::kV, at.warp_key);
#pragma unroll
  for (int part = 0; part < P::kRows; part += P::kPart) {
    float scores[P::kMma][kTiles][4] = {}, d_p[P::kMma][kTiles][4] = {};
    add_scores<Element, kHeadDim>(scores, k, across_lane<kHeadDim>(q, part));
    if (row_ahead < P::kKeys) mask_scores(scores, row_ahead + part - at.warp_key);
    add_scores<Element, kHeadDim>(d_p, v, across_lane<kHeadDim>(d_o, part));
    std::uint32_t p[P::kMma][kTiles / 2][4], d_s[P::kMma][kTiles / 2][4];
    make_weights<Element>(scores, d_p, at.shared + P::kTerms + static_cast<simt::SharedAddress>(part * 8), scale_log2,
                          p, d_s);
    store_d_s(d_s, product_lane<P::kRows>(at.shared + P::kDS, at.warp_key), part);
    add_weighted<Element, kHeadDim>(sums.dv, p, down_lane<kHeadDim>(d_o, part));
    add_weighted<Element, kHeadDim>(sums.dk, d_s, down_lane<kHeadDim>(q, part));
  }
}

// The tokens of this thread's part of dQ^T (add_dq): rows 8 n + 2 (lane % 4) and + 1 of the warp's 32.
template <int kHeadDim>
MOBASIM_DEVICE void read_tokens(int (&out)[4][2], simt::SharedAddress tokens) {
  const int row = simt::warp_index() / (kHeadDim / 32) * 32 + simt::lane_index() % 4 * 2;
#pragma unroll
  for (int n = 0; n < 4; ++n) {
    const auto pair = simt::load_shared<simt::Word2>(tokens + static_cast<simt::SharedAddress>(4 * (row + 8 * n)));
    out[n][0] = static_cast<int>(pair.x);
    out[n][1] = static_cast<int>(pair.y);
  }
}

// dQ^T of 32 rows and 32 columns over `keys` (64 or all) of the tile, added to the sums in global memory. That way
// round, the 32 lanes add to whole sectors of 4 rows.
template <class Element, int kHeadDim>
MOBASIM_DEVICE void add_dq(const BackwardKeysParameters& p, simt::SharedAddress shared, int head, int keys,
                           const int (&tokens)[4][2]) {
  using P = Plan<kHeadDim>;
  const int column = simt::warp_index() % (kHeadDim / 32) * 32, row = simt::warp_index() / (kHeadDim / 32) * 32;
  const simt::SharedAddress k = stepped<kHeadDim>(across_lane<kHeadDim>(shared + P::kK, 0), 0, column);
  const simt::SharedAddress d_s = stepped<P::kRows>(down_lane<P::kRows>(shared + P::kDS, 0), 0, row);
  float sums[2][4][4] = {};
#pragma unroll
  for (int half = 0; half < P::kKeys; half += 64) {
    if (half >= keys) break;
#pragma unroll
    for (int key = half; key < half + 64; key += 16) {
      std::uint32_t a[2][4];
#pragma unroll
      for (int m = 0; m < 2; ++m) simt::ldmatrix_transposed(a[m], stepped<kHeadDim>(k, key, 16 * m));
#pragma unroll
      for (int n = 0; n < 4; n += 2) {
        std::uint32_t b[4];
        simt::ldmatrix_transposed(b, stepped<P::kRows>(d_s, key, 8 * n));
#pragma unroll
        for (int m = 0; m < 2; ++m) {
          simt::mma<Element>(sums[m][n], a[m], b[0], b[1]);
          simt::mma<Element>(sums[m][n + 1], a[m], b[2], b[3]);
        }
      }
    }
  }
  const int first = column + simt::lane_index() / 4;
  const auto dq =
      simt::rows_of(p.dq_sum + head * kHeadDim + first, "dq_sum", p.tokens, kHeadDim - first, p.heads * kHeadDim);
#pragma unroll
  for (int n = 0; n < 4; ++n) {
#pragma unroll
    for (int e = 0; e < 4; ++e) {
#pragma unroll
      for (int m = 0; m < 2; ++m) simt::atomic_add(dq, tokens[n][e % 2], 16 * m + e / 2 * 8, sums[m][n][e]);
    }
  }
}

// Asks for a step's rows of q and d_o. tokens: the address of their tokens.
template <class Element, int kHeadDim>
MOBASIM_DEVICE void copy_step(const BackwardKeysParameters& p, int head, simt::SharedAddress q, simt::SharedAddress d_o,
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
    simt::cp_async_16(d_o + to, d_o_rows, token[i], 0, true);
  }
}

// Rounds the warp's sums and writes them, by way of `staging` (where the warp's keys stood) so that whole rows go out.
template <class Element, int kHeadDim>
MOBASIM_DEVICE void store_keys(const float (&sums)[Plan<kHeadDim>::kMma][kHeadDim / 8][4], float factor,
                               simt::SharedAddress staging, const Place<kHeadDim>& at, Element* to, const char* name,
                               int kv_heads) {
  constexpr int kPieces = kHeadDim / 8;
  const simt::SharedAddress corner = product_lane<kHeadDim>(staging, at.warp_key);
#pragma unroll
  for (int m = 0; m < Plan<kHeadDim>::kMma; ++m) {
#pragma unroll
    for (int n = 0; n < kPieces; ++n) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        simt::store_shared(stepped<kHeadDim>(corner, 16 * m + 8 * half, 8 * n),
                           simt::pack<Element>(sums[m][n][2 * half] * factor, sums[m][n][2 * half + 1] * factor));
      }
    }
  }
  simt::sync_warp();
  const int keys = at.tile.key_end - at.tile.key_begin;
  const std::int64_t first = static_cast<std::int64_t>(at.tile.key_begin) * kv_heads + at.kv_head;
  const auto rows = simt::rows_of(to + first * kHeadDim, name, keys, kHeadDim, kv_heads * kHeadDim);
#pragma unroll
  for (int i = 0; i < Plan<kHeadDim>::kWarpKeys; i += simt::kWarp / kPieces) {
    const int key = at.warp_key + i + simt::lane_index() / kPieces, piece = simt::lane_index() % kPieces;
    if (key >= keys) continue;
    simt::store(rows, key, piece * 8, simt::load_shared<simt::Word4>(piece_address<kHeadDim>(staging, key, piece)));
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
  const std::int64_t key = static_cast<std::int64_t>(at.tile.key_begin) * p.kv_heads + at.kv_head;
  const int keys = at.tile.key_end - at.tile.key_begin, stride = p.kv_heads * kHeadDim;
  const auto k = simt::rows_of(static_cast<const Element*>(p.k) + key * kHeadDim, "k", keys, kHeadDim, stride);
  const auto v = simt::rows_of(static_cast<const Element*>(p.v) + key * kHeadDim, "v", keys, kHeadDim, stride);
  copy_tile<kHeadDim, P::kKeys, P::kThreads>(at.shared + P::kK, k, 0, keys);
  copy_tile<kHeadDim, P::kKeys, P::kThreads>(at.shared + P::kV, v, 0, keys);
  simt::sync_block();
  copy_step<Element, kHeadDim>(p, first.head, at.shared + P::kQ, at.shared + P::kDO, at.shared + P::kTokens);
  simt::cp_async_commit();
}

// All steps of a key tile. A step takes two barriers: before the first, its tiles have come; between them, each warp
// works on its own keys; after the second, dS is there for dQ, and the room of what the step needed no more is free.
template <class Element, int kHeadDim>
MOBASIM_DEVICE void add_steps(const BackwardKeysParameters& p, const Place<kHeadDim>& at,
                              KeyGradients<kHeadDim>& sums) {
  using P = Plan<kHeadDim>;
  RowWalk walk = walk_of(p, at.tile, at.kv_head);
  RowStep step = next_step(p, at.tile, walk), next = next_step(p, at.tile, walk);
  begin_steps<Element>(p, at, step, next);
  const int tile_keys = at.tile.key_end - at.tile.key_begin;
  for (unsigned parity = 0; step.count > 0; parity ^= 1) {
    const simt::SharedAddress q = at.shared + P::kQ + parity * P::kRowTile;
    const simt::SharedAddress d_o = at.shared + P::kDO + parity * P::kRowTile;
    const simt::SharedAddress tokens = at.shared + P::kTokens + parity * (P::kRows * 4);
    const simt::SharedAddress next_tokens = at.shared + P::kTokens + (parity ^ 1) * (P::kRows * 4);
    simt::cp_async_wait<0>();
    simt::sync_block();
    const RowStep later = next_step(p, at.tile, walk);
    Ahead ahead{};
    if (next.count > 0) {
      const unsigned other = (parity ^ 1) * P::kRowTile;
      copy_step<Element, kHeadDim>(p, next.head, at.shared + P::kQ + other, at.shared + P::kDO + other, next_tokens);
      simt::cp_async_commit();
      if (simt::thread_index() < P::kRows) {
        ahead.terms = terms_of(p, next, simt::thread_index(), simt::load_shared<int>(row_slot(next_tokens, 4)));
        if (later.count > 0) ahead.token = token_of(p, later, simt::thread_index());
      }
    }
    // The keys 0 .. keys - 1 of the tile are those that rows of this step see; warps that own others have nothing to
    // do.
    const int row_ahead = step.routed ? P::kKeys : step.first - at.tile.key_begin;
    const int keys = tile_keys <= 64 || row_ahead + P::kRows <= 64 ? 64 : P::kKeys;
    if (at.warp_key < keys) add_step<Element>(sums, at, q, d_o, row_ahead, p.scale * kLog2E);
    int row_tokens[4][2];
    read_tokens<kHeadDim>(row_tokens, tokens);
    simt::sync_block();
    if (simt::thread_index() < P::kRows) {
      simt::store_shared(row_slot(at.shared + P::kTerms, 8), ahead.terms);
      simt::store_shared(row_slot(tokens, 4), ahead.token);
    }
    if (p.dq_sum != nullptr) add_dq<Element, kHeadDim>(p, at.shared, step.head, keys, row_tokens);
    step = next;
    next = later;
  }
}

// block_index(): x the key tile, y the key head.
template <class Element, int kHeadDim>
MOBASIM_KERNEL(Plan<kHeadDim>::kThreads, Plan<kHeadDim>::kBlocks)
backward_keys_kernel(BackwardKeysParameters p) {
  using P = Plan<kHeadDim>;
  const auto tiles = simt::line_of(reinterpret_cast<const int*>(p.tiles), "key_tiles", p.tile_count * 4);
  const auto tile = simt::load_as<simt::Word4>(tiles, 0, simt::block_index().x * 4);
  const Place<kHeadDim> at{
      simt::shared_base(),
      {static_cast<int>(tile.x), static_cast<int>(tile.y), static_cast<int>(tile.z), static_cast<int>(tile.w)},
      simt::block_index().y,
      simt::warp_index() * P::kWarpKeys};
  KeyGradients<kHeadDim> sums = {};
  add_steps<Element, kHeadDim>(p, at, sums);
  simt::sync_block();
  store_keys<Element, kHeadDim>(sums.dk, p.scale, at.shared + P::kK, at, static_cast<Element*>(p.dk), "dk", p.kv_heads);
  store_keys<Element, kHeadDim>(sums.dv, 1.0f, at.shared + P::kV, at, static_cast<Element*>(p.dv), "dv", p.kv_heads);
}

template <class Element, int kHeadDim>
void launch_turn(const BackwardKeysParameters& parameters, Stream stream) {
  using P = Plan<kHeadDim>;
  const LaunchShape shape{{static_cast<unsigned>(parameters.tile_count), static_cast<unsigned>(parameters.kv_heads), 1},
                          P::kThreads,
                          P::kBytes};
  MOBASIM_LAUNCH(stream, shape, parameters, backward_keys_kernel<Element, kHeadDim>);
}

}  // namespace

void launch_backward_keys(Element element, int head_dim, const BackwardKeysParameters& parameters,
                          const std::vector<int>& turns, Stream stream) {
  for (std::size_t i = 0; i + 1 < turns.size(); ++i) {
    BackwardKeysParameters turn = parameters;
    turn.tiles += turns[i];
    turn.tile_count = turns[i + 1] - turns[i];
    if (element == Element::bf16) {
      if (head_dim == 64) launch_turn<simt::Bf16, 64>(turn, stream);
      if (head_dim == 128) launch_turn<simt::Bf16, 128>(turn, stream);
    } else {
      if (head_dim == 64) launch_turn<simt::Fp16, 64>(turn, stream);
      if (head_dim == 128) launch_turn<simt::Fp16, 128>(turn, stream);
    }
  }
}

}  // namespace MOBASIM_TARGET
}  // namespace mobasim::kernels::cuda
