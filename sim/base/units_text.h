// Quantities as people write them in configs and flags: "3.35 TB/s", "80 GB", "2.50 $/h", "989 TFLOP/s".
//
// A number, a space, a unit. Prefixes k M G T P E are powers of 1000, Ki Mi Gi Ti powers of 1024 (bytes only).
// Times: ns us ms s min h d. A unit of another dimension is refused with the units that would be right.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/base/units.h"

namespace mobasim {

// Powers of FLOP, byte, second and dollar.
struct Dimension {
  int flop = 0, byte = 0, second = 0, dollar = 0;
  bool operator==(const Dimension&) const = default;
};

template <int F, int B, int S, int D>
constexpr Dimension dimension_of(Quantity<F, B, S, D>) {
  return {F, B, S, D};
}

// Either a value in base units or, in words, what is wrong and what would be right.
struct ParsedQuantity {
  std::optional<double> value;
  std::string problem;
};

// Reads `text` as a quantity of dimension `wanted`. Never throws.
ParsedQuantity parsed_quantity(std::string_view text, Dimension wanted);

}  // namespace mobasim
