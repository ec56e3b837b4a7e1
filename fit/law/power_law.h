// P2: L = a C^-b, the law of the MoBA report (Lu et al. 2025, Fig. 3 and 8).
#pragma once

#include <array>
#include <string_view>

#include "fit/law/term_law.h"

namespace mobasim {

struct PowerLaw {
  static constexpr std::string_view kName = "p2", kFormula = "L = a C^-b";
  static constexpr LawShape kShape{.floor = false, .inputs = 1, .outer = false};
  static constexpr std::array<std::string_view, 2> kParameters = {"a", "b"};
  double a = 1;  // loss at C = 1, nats per token
  double b = 0;  // exponent; > 0 when loss falls with C
  [[nodiscard]] std::array<double, 2> values() const { return {a, b}; }
};

[[nodiscard]] double loss_at(const PowerLaw& law, double x);
// The x at which the law equals a loss > 0; infinite when it never does (b = 0).
[[nodiscard]] double x_at(const PowerLaw& law, double loss);

}  // namespace mobasim
