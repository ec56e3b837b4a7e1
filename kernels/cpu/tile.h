// A tile of up to kLanes query rows of one head, and what it does with a run of keys. The shared step of full
// attention, of MoBA's own blocks and of its routed blocks.
//
// Scores stand transposed, [keys, lanes]: the softmax then runs along lanes with no sum across a vector, and no key or
// value is ever transposed (FlashAttention-2, arXiv 2307.08691, section 3.1, with the loops turned for a processor).
#pragma once

#include <cstdint>

#include "kernels/cpu/buffer.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/cpu/packed.h"
#include "kernels/cpu/tensor_rows.h"
#include "kernels/problem.h"

namespace mobasim::kernels::cpu {

inline constexpr std::int64_t kTileKeys = 128;  // keys whose scores are held at a time
inline constexpr float kLowest = -1e30f;        // a maximum of nothing: finite, so that differences of it are 0

// The scratch memory of one thread. Buffers of units (micro_kernels.h) are named so; the others hold f32.
struct Tile {
  explicit Tile(std::int64_t head_dim);

  std::int64_t head_dim, columns;  // columns: head_dim padded
  std::int64_t rows = 0, lanes = 0;
  std::int64_t token[kLanes];

  Buffer<float> zeros;           // [columns]
  Buffer<float> row_units;       // [kLanes, columns] at most: rows as they are read, where they must be copied
  Buffer<float> q_t;             // units [columns, kLanes]
  Buffer<float> scores, o;       // [kTileKeys, kLanes] [kLanes, columns]
  float m[kLanes], sum[kLanes];  // greatest raw score, and sum of e^(scale (score - m))
  float factor[kLanes];
  std::int32_t limit[kLanes], begin[kTileKeys];

  // Backward: q and d_o to be summed over lanes, d_o transposed for dp; dp [kTileKeys, kLanes], dq [kLanes, columns].
  Buffer<float> q, d_o, d_o_t;
  Buffer<float> dp, dq;
  Buffer<float> p_by_key, ds_by_key, ds_by_lane;  // in pairs only
  float lse_high[kLanes], lse_low[kLanes], delta[kLanes];
};

// Which keys of a run a tile sees: all of them, or row r only those up to its own token (the run is its own block, and
// the tile's tokens ascend).
enum class Mask { none, causal };

struct Context;

// Takes q of the rows tokens[0..count) of `head`, and not what they have attended to.
void take_queries(Tile& tile, const Context& context, std::int64_t head, const std::int64_t* tokens,
                  std::int64_t count);
// Takes rows tokens[0..count) of `head`; nothing is attended yet.
void begin_forward(Tile& tile, const Context& context, std::int64_t head, const std::int64_t* tokens,
                   std::int64_t count);
// Attends to the keys [first, last) (token numbers) of a key head; `first` stands at an even place of its sequence.
void attend(Tile& tile, const Context& context, std::int64_t kv_head, std::int64_t first, std::int64_t last, Mask mask);
// Writes o and lse of the tile's rows.
void write_rows(const Tile& tile, const Context& context, std::int64_t head);
// scores[i, lane] = row i . q of the lane, raw; rows of units as PackedKeys has them.
void score_rows(const Tile& tile, const Context& context, const float* rows, std::int64_t count, float* scores);

// The same for the backward pass: takes also d_o, lse and delta.
void begin_backward(Tile& tile, const Context& context, std::int64_t head, const std::int64_t* tokens,
                    std::int64_t count);
// Adds to dq [rows, columns] and to the context's dk and dv.
void attend_backward(Tile& tile, const Context& context, std::int64_t kv_head, std::int64_t first, std::int64_t last,
                     Mask mask, float* dq);

}  // namespace mobasim::kernels::cpu
