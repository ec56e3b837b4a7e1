// What a projection says, in words: which arm has the lower loss where, by how much, how surely, and how far of that is
// inside the data.
#pragma once

#include <string>
#include <vector>

#include "fit/study/projection.h"
#include "fit/study/spread.h"
#include "fit/study/trade_off.h"

namespace mobasim {

// Where a stretch of x lies from the data that both arms share.
enum class Zone { below, inside, beyond, beyond_3x, beyond_10x };

// Consecutive x with the same winner in the same zone.
struct Stretch {
  double from = 0, to = 0;
  Zone zone = Zone::inside;
  Winner winner = Winner::undecided;
};

[[nodiscard]] Zone zone_of(const Comparison& comparison, double x);
// Covers the projection's grid, with the ends of the data as ends of stretches.
[[nodiscard]] std::vector<Stretch> stretches(const Projection& projection);

// Lines of text, each ended by '\n'.
[[nodiscard]] std::string verdict(const Study& study, const Projection& projection,
                                  const std::vector<TradeOff>& trade_offs, const std::vector<SpreadRow>& spread);

}  // namespace mobasim
