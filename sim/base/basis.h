// How a number came to be. It travels with every time and every loss; combining numbers keeps the worst, so that each
// row of a result confesses how much of it was measured.
#pragma once

#include <optional>
#include <string_view>

namespace mobasim {

// From most to least trusted.
enum class Basis {
  measured,      // by this program, on this device, at this shape
  interpolated,  // between such measurements
  published,     // from (or between) published measurements; the source stands beside it
  assumed,       // a stated assumption, no measurement behind it
  extrapolated,  // outside the range of the data it rests on
};

[[nodiscard]] constexpr Basis worst(Basis a, Basis b) { return a < b ? b : a; }
[[nodiscard]] std::string_view name(Basis basis);
[[nodiscard]] std::optional<Basis> basis_named(std::string_view name);

}  // namespace mobasim
