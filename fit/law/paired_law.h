// PAIRED: L_A / L_B = r C^-s over runs of the same size (docs/method/laws.md). s > 0: the gap closes with compute.
// Pairing takes out what the two runs of a size share, so its intervals are narrower than those of two separate fits.
#pragma once

#include <array>
#include <string_view>

#include "fit/law/term_law.h"

namespace mobasim {

struct PairedLaw {
  static constexpr std::string_view kName = "paired", kFormula = "L_A / L_B = r C^-s";
  static constexpr LawShape kShape{.floor = false, .inputs = 1, .outer = false};
  static constexpr std::array<std::string_view, 2> kParameters = {"r", "s"};
  double r = 1;  // ratio of the losses at C = 1
  double s = 0;  // exponent of the ratio
  [[nodiscard]] std::array<double, 2> values() const { return {r, s}; }
};

}  // namespace mobasim
