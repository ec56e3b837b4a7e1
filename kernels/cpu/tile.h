// A tile of up to kLanes query rows of one head, and what it does with a run of keys. The shared step of full
// attention, of MoBA's own blocks and of its routed blocks.
//
// Scores stand transposed, [keys, lanes]: the softmax then runs along lanes with no sum across a vector, and no key or
// value is ever transposed (FlashAttention-2, arXiv 2307.08691, section 3.1, with the loops turned for a processor).
#pragma once

#include <cstdint>
#include <span>

#include "kernels/cpu/buffer.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/cpu/packed.h"
#include "kernels/problem.h"

namespace mobasim::kernels {

inline constexpr std::int64_t kTileKeys = 128;  // keys whose scores are held at a time
inline constexpr float kLowest = -1e30f;        // a maximum of nothing: finite, so that differences of it are 0

// The scratch memory of one thread.
struct Tile {
  explicit Tile(std::int64_t head_dim);

  std::int64_t head_dim, columns;  // columns: head_dim padded
  std::int64_t rows = 0, lanes = 0;
  std::int64_t token[kLanes];

  Buffer<float> q_t, scores, o;  // [head_dim, kLanes] [kTileKeys, kLanes] [kLanes, columns]
  float m[kLanes], sum[kLanes], factor[kLanes];
  std::int32_t limit[kLanes], begin[kTileKeys];

  Buffer<float> q, d_o, d_o_t, dp, dq;  // backward: row-major, and transposed for dp
  float lse_high[kLanes], lse_low[kLanes], delta[kLanes];
};

// Which keys of a run a tile sees: all of them, or row r only those up to its own token (the run is its own block).
enum class Mask { none, causal };

struct CpuContext;

// Takes rows tokens[0..count) of `head`; nothing is attended yet.
void begin_forward(Tile& tile, const CpuContext& context, std::int64_t head, const std::int64_t* tokens,
                   std::int64_t count);
// Attends to the keys [first, last) (token numbers) of a key head.
void attend(Tile& tile, const CpuContext& context, std::int64_t kv_head, std::int64_t first, std::int64_t last,
            Mask mask);
// Writes o and lse of the tile's rows.
void write_rows(const Tile& tile, const CpuContext& context, std::int64_t head);

// The same for the backward pass: takes also d_o, lse and delta, and sets dq to 0.
void begin_backward(Tile& tile, const CpuContext& context, std::int64_t head, const std::int64_t* tokens,
                    std::int64_t count);
// Adds to tile.dq and to the context's dk and dv.
void attend_backward(Tile& tile, const CpuContext& context, std::int64_t kv_head, std::int64_t first, std::int64_t last,
                     Mask mask);

}  // namespace mobasim::kernels
