// From the shapes that a MoBA kernel was measured at to others.
//
// The table of a MoBA kernel holds one (block, top_k), and its time per FLOP carries over neither to others nor to
// longer sequences: routing costs by (query, block), gathering by (query, picked block), the attended pairs by FLOPs.
// So the time is split into these three, and each is scaled by its own count (docs/method/step.md, "MoBA at
// another block and top_k"; A27).
#pragma once

#include "sim/device/attention_rows.h"

namespace mobasim {

// `measured`: the estimate of `from`, a layer with the parameters of `rows`. The result is for `to`, which differs from
// it in the attention's parameters only. lo: the FLOPs at the rate of the device's fastest dense kernel. hi: 1.5 times
// the result (the split comes within that of the MoBA report's figure 2, blocks of 2K to 160K). basis: extrapolated.
[[nodiscard]] TimeEstimate scaled(const TimeEstimate& measured, const AttentionLayer& from, const AttentionLayer& to,
                                  const ProfileRows& rows, const Device& device);

// seconds = dense time of the attended pairs + per_pick * picks * head_dim + per_gate * gate FLOPs
struct MobaSplit {
  double per_pick = 0;  // seconds per pick and value of the head
  double per_gate = 0;  // seconds per FLOP of the gate
};
// By least squares of the relative error over the rows that time the layer's pass, neither below 0.
[[nodiscard]] MobaSplit split_of(const AttentionLayer& layer, const ProfileRows& rows, const Device& device);
// By how much `to` takes longer than `from` by the split of the rows; the two differ in the attention's parameters or
// in the sequence.
[[nodiscard]] double ratio_of_times(const AttentionLayer& to, const AttentionLayer& from, const ProfileRows& rows,
                                    const Device& device);

}  // namespace mobasim
