// Causal attention inside runs of tokens: all of full attention, and the own-block part of MoBA.
#pragma once

#include <span>

#include "kernels/cpu/context.h"

namespace mobasim::kernels::cpu {

// Writes o and lse of all heads for the tokens of `runs`.
void causal_forward(Context& context, std::span<const Run> runs);

// Adds the gradients of rows by keys, for the query heads of a key head: causally where both begin at the same token,
// else all keys lie before all rows. Rows are taken in ascending order, the keys of a row in descending, some at a
// time: squares taken from the diagonal on give the same sums however large they are, if they are multiples of
// kTileKeys.
void add_causal_gradients(Context& context, Tile& tile, Run rows, Run keys, std::int64_t kv_head);

// The packed dq of a row.
[[nodiscard]] float* dq_row(Context& context, std::int64_t head, std::int64_t token);
// Adds the tile's dq to the context's.
void add_dq(Context& context, const Tile& tile, std::int64_t head);

}  // namespace mobasim::kernels::cpu
