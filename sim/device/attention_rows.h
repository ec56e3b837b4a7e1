// Which rows of a device's table speak about an attention layer, and the curve through them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/device/attention_layer.h"
#include "sim/device/curve.h"

namespace mobasim {

using ProfileRows = std::vector<const ProfileRow*>;

// What tells two measurements of one mechanism apart, beside the shape; 0 where the mechanism has no such parameter.
struct AttentionParameters {
  std::int64_t block = 0, top_k = 0, window = 0;
  bool operator==(const AttentionParameters&) const = default;
};
[[nodiscard]] AttentionParameters parameters_of(const Attention& attention);
[[nodiscard]] AttentionParameters parameters_of(const ProfileRow& row);
// The mechanism that the row is of.
[[nodiscard]] Attention attention_of(const ProfileRow& row);
// The mechanism with other parameters.
[[nodiscard]] Attention with_parameters(Attention attention, const AttentionParameters& parameters);

[[nodiscard]] std::string_view name_of(Pass pass);
// By how much published sources of a pass disagree, a fraction of the time (A24).
[[nodiscard]] double published_spread(Pass pass);
// Useful FLOPs of the layer's pass (docs/method/attention.md).
[[nodiscard]] Flops useful_flops(const AttentionLayer& layer);

// |log(a / b)|; 0 counts as 1.
[[nodiscard]] double log_distance(std::int64_t a, std::int64_t b);

// The rows that stand for the layer: of its mechanism and dtype and of the implementation; of these the nearest head
// dimension that times the pass, and the nearest parameters. Empty when none times the pass.
// Rows of a disturbed machine are among them only where a pass has no others at two lengths.
struct LayerRows {
  ProfileRows rows;
  std::int64_t head_dim = 0;
  AttentionParameters parameters;
};
[[nodiscard]] LayerRows rows_for(const AttentionLayer& layer, const Device& device, std::string_view implementation);

// The best curve for the layer's pass: timed directly, the difference of two timings, or a share of one (A25) - the
// first that covers the sequence, else the first that there is. Empty when there is none.
struct ChosenCurve {
  Curve curve;
  std::string how;  // "" when timed directly
};
[[nodiscard]] ChosenCurve curve_for(const AttentionLayer& layer, const ProfileRows& rows);

}  // namespace mobasim
