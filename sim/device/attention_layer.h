// One layer's attention as a device sees it, and what a time is: a middle, two ends and what it rests on.
#pragma once

#include "sim/attention/attention.h"
#include "sim/base/basis.h"
#include "sim/base/profile.h"
#include "sim/base/units.h"

namespace mobasim {

enum class Pass { forward, backward };
inline constexpr Pass kPasses[] = {Pass::forward, Pass::backward};
[[nodiscard]] constexpr std::size_t index_of(Pass pass) { return static_cast<std::size_t>(pass); }
[[nodiscard]] constexpr Pass other_pass(Pass pass) { return pass == Pass::forward ? Pass::backward : Pass::forward; }
[[nodiscard]] std::string_view name(Pass pass);  // "forward"

struct AttentionLayer {
  Attention attention = FullAttention{};
  AttentionShape shape = {};
  Pass pass = Pass::forward;
};

// lo and hi: the spread of what it rests on (quartiles, disagreement of sources, range of an assumption).
struct TimeEstimate {
  Seconds time, lo, hi;
  Basis basis = Basis::measured;
};

// Useful FLOPs of the layer's pass (docs/method/attention.md).
[[nodiscard]] Flops useful_flops(const AttentionLayer& layer);

// What tells two measurements of one mechanism apart, beside the shape; 0 where the mechanism has no such parameter.
struct AttentionParameters {
  std::int64_t block = 0, top_k = 0, window = 0;
  bool operator==(const AttentionParameters&) const = default;
};
[[nodiscard]] AttentionParameters parameters_of(const Attention& attention);
// The mechanism that a row of a device's table is of.
[[nodiscard]] Attention attention_of_row(const ProfileRow& row);
// The mechanism with other parameters.
[[nodiscard]] Attention with_parameters(Attention attention, const AttentionParameters& parameters);

// |log(a / b)|; 0 counts as 1.
[[nodiscard]] double log_distance(std::int64_t a, std::int64_t b);

}  // namespace mobasim
