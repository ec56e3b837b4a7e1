// P3: L = floor + a C^-b, a power law above an irreducible loss (Henighan et al. 2020, arXiv 2010.14701, eq. 1.1).
#pragma once

#include <array>
#include <string_view>

#include "fit/law/term_law.h"

namespace mobasim {

struct FlooredPowerLaw {
  static constexpr std::string_view kName = "p3", kFormula = "L = floor + a C^-b";
  static constexpr LawShape kShape{.floor = true, .inputs = 1, .outer = false};
  static constexpr std::array<std::string_view, 3> kParameters = {"floor", "a", "b"};
  double floor = 0;  // nats per token
  double a = 1;      // loss above the floor at C = 1
  double b = 0;
  [[nodiscard]] std::array<double, 3> values() const { return {floor, a, b}; }
};

}  // namespace mobasim
