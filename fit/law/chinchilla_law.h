// CH: loss by model size and by tokens seen (Hoffmann et al. 2022, arXiv 2203.15556, eq. 2), and the same with an outer
// exponent, so that the two terms need not add up (with floor 0 that is Kaplan et al. 2020, arXiv 2001.08361, eq. 1.5).
#pragma once

#include <array>
#include <string_view>

#include "fit/law/term_law.h"

namespace mobasim {

struct ChinchillaLaw {
  static constexpr std::string_view kName = "chinchilla",
                                    kFormula = "L = floor + a_parameters N^-b_parameters + a_tokens D^-b_tokens";
  static constexpr LawShape kShape{.floor = true, .inputs = 2, .outer = false};
  static constexpr std::array<std::string_view, 5> kParameters = {"floor", "a_parameters", "b_parameters", "a_tokens",
                                                                  "b_tokens"};
  double floor = 0;  // nats per token
  double a_parameters = 1, b_parameters = 0;
  double a_tokens = 1, b_tokens = 0;
  [[nodiscard]] std::array<double, 5> values() const { return {floor, a_parameters, b_parameters, a_tokens, b_tokens}; }
};

struct OuterChinchillaLaw {
  static constexpr std::string_view kName = "chinchilla-outer",
                                    kFormula =
                                        "L = floor + (a_parameters N^-b_parameters + a_tokens D^-b_tokens)^outer";
  static constexpr LawShape kShape{.floor = true, .inputs = 2, .outer = true};
  static constexpr std::array<std::string_view, 6> kParameters = {"floor",    "a_parameters", "b_parameters",
                                                                  "a_tokens", "b_tokens",     "outer"};
  double floor = 0;
  double a_parameters = 1, b_parameters = 0;
  double a_tokens = 1, b_tokens = 0;
  double outer = 1;  // 1: the two terms add up
  [[nodiscard]] std::array<double, 6> values() const {
    return {floor, a_parameters, b_parameters, a_tokens, b_tokens, outer};
  }
};

}  // namespace mobasim
