// From the shapes that a MoBA kernel was measured at to others.
//
// The table of a MoBA kernel holds one (block, top_k), and its time per FLOP carries over neither to others nor to
// longer sequences: routing costs by (query, block), gathering by (query, picked block), the attended pairs by FLOPs.
// So the time is split into these three (MobaSplit), and each is scaled by its own count (docs/method/step.md, "MoBA at
// another block and top_k"; A27).
#pragma once

#include "sim/device/attention_rows.h"

namespace mobasim {

class AttentionTable;

// Sets the splits of each setting of a MoBA kernel, where the device knows the time of dense attention.
void set_splits(const AttentionTable& table, TimedKernel& kernel);
// The split of a setting's rows that time the pass: by least squares of the relative error, neither part below 0. Throws
// Unsupported where the device does not know the time of dense attention.
[[nodiscard]] MobaSplit split_of(const AttentionTable& table, const TimedKernel& kernel, const KernelHeadDim& rows,
                                 const KernelSetting& setting, Pass pass);

// By how much `to` takes longer than `from` by the split of the setting; the two differ in the attention's parameters or
// in the sequence.
[[nodiscard]] double ratio_of_times(const AttentionTable& table, const TimedKernel& kernel, const KernelHeadDim& rows,
                                    const KernelSetting& setting, const AttentionLayer& to,
                                    const AttentionLayer& from);
// `measured`: the estimate of `from`, a layer with the parameters of the setting. The result is for `to`, which differs
// from it in the attention's parameters only. lo: the FLOPs at the rate of the device's fastest dense kernel. hi: 1.5
// times the result (the split comes within that of the MoBA report's figure 2, blocks of 2K to 160K). basis:
// extrapolated.
[[nodiscard]] TimeEstimate scaled(const AttentionTable& table, const TimedKernel& kernel, const KernelHeadDim& rows,
                                  const KernelSetting& setting, const TimeEstimate& measured,
                                  const AttentionLayer& from, const AttentionLayer& to);

// Seconds that a split leaves to picks and gate of the layer.
[[nodiscard]] Seconds routing_time_of(const MobaSplit& split, const AttentionLayer& layer);

}  // namespace mobasim
