// A curve through measurements: time per useful FLOP over the sequence length, straight between its points in the
// logarithm of both (docs/method/step.md, "Attention").
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/basis.h"
#include "sim/base/units.h"

namespace mobasim {

// One measured time of an attention kernel.
struct TimedRow {
  std::int64_t sequence = 0, batch = 0, heads = 0, kv_heads = 0;
  Flops flops;  // useful ones
  Seconds time, lo, hi;
  Basis basis = Basis::measured;
};

// One sequence length; the three values are logarithms of seconds per useful FLOP.
struct CurvePoint {
  std::int64_t sequence = 0;
  double time = 0, lo = 0, hi = 0;
  Basis basis = Basis::measured;
};

using Curve = std::vector<CurvePoint>;  // by rising sequence, each once

// Rows at one sequence that disagree become their geometric mean, and lo and hi cover them all. Published ones get at
// least `published_spread` (a fraction of the time) on either side.
[[nodiscard]] Curve curve_of(const std::vector<TimedRow>& rows, double published_spread);
[[nodiscard]] bool covers(const Curve& curve, std::int64_t sequence);
// The curve at a sequence; beyond an end, that end's point. `sequence` of the result is the point's own where one was
// met or held, else the one asked for. Precondition: the curve is not empty.
[[nodiscard]] CurvePoint point_at(const Curve& curve, std::int64_t sequence);

}  // namespace mobasim
