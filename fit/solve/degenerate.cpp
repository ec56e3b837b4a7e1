#include "fit/solve/degenerate.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "fit/solve/symmetric.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

constexpr double kSameLog = 1e-9;       // x that differ by less differ by rounding only
constexpr double kVanished = 1e-9;      // share of the value that a part must have somewhere to be there
constexpr double kTogether = 1e-9;      // 1 - correlation^2 of the inputs' logs, below which they are one
constexpr double kLoose = 0.02;         // the same, below which it is worth a word
constexpr double kFlat = 1e-6;          // change of a term over the data below which it is a constant
constexpr double kSingular = 1e-10;     // of the curvature in its own scale
constexpr double kOnlySmallest = 1e-3;  // share of a term's largest value that its other places do not reach

// Values of an input that differ, at most `most` of them.
template <class ValueAt>
std::size_t distinct(std::size_t n, const ValueAt& value_at, std::size_t most) {
  std::vector<double> seen;
  for (std::size_t i = 0; i < n && seen.size() < most; ++i) {
    const double value = value_at(i);
    if (std::ranges::none_of(seen, [&](double other) { return std::abs(other - value) < kSameLog; })) {
      seen.push_back(value);
    }
  }
  return seen.size();
}

// A term needs two places of its input, and a third to be told from the floor.
std::size_t fewest_distinct(const LawShape& shape) { return shape.floor ? 3 : 2; }

struct Moments {
  double first = 0, second = 0, both = 0;  // of the centred inputs
  [[nodiscard]] double apart() const { return first * second > 0 ? 1 - both * both / (first * second) : 1; }
};

template <class InputsAt>
Moments moments(std::size_t n, const InputsAt& at) {
  Inputs mean{};
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < kMostInputs; ++k) mean[k] += at(i)[k] / static_cast<double>(n);
  }
  Moments result;
  for (std::size_t i = 0; i < n; ++i) {
    const double a = at(i)[0] - mean[0], b = at(i)[1] - mean[1];
    result.first += a * a;
    result.second += b * b;
    result.both += a * b;
  }
  return result;
}

// Largest share that the floor (input == inputs) or a term has in the value at any point.
double largest_share(const Objective& objective, const Coordinates& at, std::size_t input) {
  const LawShape& shape = objective.shape();
  double most = 0;
  for (std::size_t i = 0; i < objective.points(); ++i) {
    const LawValue value = value_of(shape, at, objective.u(i));
    most = std::max(most, input == shape.inputs ? value.gradient[0] : value.gradient[shape.height(input)]);
  }
  return most;
}

// Whether the term is felt at its largest place only, so that its exponent could be anything above.
bool only_at_one_end(const Objective& objective, const Coordinates& at, std::size_t input) {
  const LawShape& shape = objective.shape();
  const double exponent = at[shape.exponent(input)];
  const auto term = [&](std::size_t i) { return -exponent * objective.u(i)[input]; };
  double most = -INFINITY, next = -INFINITY;
  for (std::size_t i = 0; i < objective.points(); ++i) most = std::max(most, term(i));
  for (std::size_t i = 0; i < objective.points(); ++i) {
    if (term(i) < most - std::abs(exponent) * kSameLog) next = std::max(next, term(i));
  }
  return next - most < std::log(kOnlySmallest);
}

bool singular(const Objective& objective, const Coordinates& at) {
  ObjectiveValue value;
  objective.evaluate(at, Derivatives::second, value);
  const Directions directions = free_directions(objective.shape(), at);
  const std::size_t n = directions.size();
  CoordinateMatrix scaled{};
  std::vector<std::size_t> of;
  for (const Coordinates& direction : directions) {
    of.push_back(static_cast<std::size_t>(std::ranges::find(direction, 1.0) - direction.begin()));
  }
  // By the majorant of the loss, whose curvature is positive: under Huber's the exact one may vanish at few points.
  CoordinateMatrix majorant{};
  for (std::size_t i = 0; i < objective.points(); ++i) {
    const LawValue law = value_of(objective.shape(), at, objective.u(i));
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t k = 0; k < n; ++k) {
        majorant[j][k] += objective.weight(i) * law.gradient[of[j]] * law.gradient[of[k]];
      }
    }
  }
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t k = 0; k < n; ++k) {
      scaled[j][k] = majorant[j][k] / std::sqrt(majorant[j][j] * majorant[k][k]) - (j == k ? kSingular : 0);
    }
  }
  return !cholesky(scaled, n);
}

}  // namespace

std::string input_name(const LawShape& shape, std::size_t input) {
  if (shape.inputs == 1) return "compute";
  return input == 0 ? "parameters" : "tokens";
}

void require_determined(const LossLaw& law, const FitData& data, const std::string& what) {
  const LawShape form = shape(law);
  const std::size_t n = data.points();
  const std::size_t fewest = form.coordinates() + 1;
  if (n < fewest) {
    throw ConfigError(fmt::format("{}: {} point{} cannot determine the law {}, which needs at least {}", what, n,
                                  n == 1 ? "" : "s", name(law), fewest));
  }
  for (std::size_t i = 0; i < form.inputs; ++i) {
    const std::size_t places = distinct(
        n, [&](std::size_t k) { return data.log_x[k][i]; }, fewest_distinct(form));
    if (places >= fewest_distinct(form)) continue;
    const std::string x = form.inputs == 1 ? "x" : input_name(form, i);
    const std::string hint =
        form.inputs == 2 ? fmt::format("; with {} alone p3 can be fitted (--compute)", input_name(form, 1 - i)) : "";
    if (places == 1) {
      throw ConfigError(fmt::format("{}: all {} points have the same {} ({:.6g}), which cannot determine the law {}{}",
                                    what, n, x, std::exp(data.log_x[0][i]), name(law), hint));
    }
    throw ConfigError(fmt::format("{}: only {} different values of {}; the law {} needs at least {}{}", what, places, x,
                                  name(law), fewest_distinct(form), hint));
  }
  if (form.inputs == 2 && moments(n, [&](std::size_t k) { return data.log_x[k]; }).apart() < kTogether) {
    throw ConfigError(fmt::format(
        "{}: tokens are the same power of parameters in every row, so that the law {} cannot tell one from the other; "
        "with one of them, or with compute, p3 can be fitted (--compute)",
        what, name(law)));
  }
}

bool determined(const LawShape& shape, const Objective& objective) {
  if (objective.points() < shape.coordinates()) return false;
  for (std::size_t i = 0; i < shape.inputs; ++i) {
    const auto u = [&](std::size_t k) { return objective.u(k)[i]; };
    if (distinct(objective.points(), u, fewest_distinct(shape)) < fewest_distinct(shape)) return false;
  }
  return shape.inputs < 2 ||
         moments(objective.points(), [&](std::size_t k) { return objective.u(k); }).apart() >= kTogether;
}

LocalMinimum without_what_vanished(const Objective& objective, const LocalMinimum& minimum) {
  const LawShape& shape = objective.shape();
  LocalMinimum result = minimum;
  if (shape.floor && largest_share(objective, result.at, shape.inputs) < kVanished) {
    result.at[0] = -INFINITY;
    result = newton_minimum(objective, result.at);
  }
  for (std::size_t i = 0; i < shape.inputs && shape.inputs > 1; ++i) {
    if (largest_share(objective, result.at, i) >= kVanished) continue;
    result.at[shape.height(i)] = -INFINITY;
    result.at[shape.exponent(i)] = 0;
    result = newton_minimum(objective, result.at);
  }
  return result;
}

std::vector<std::string> degeneracies(const LossLaw& law, const Objective& objective, const Coordinates& at) {
  const LawShape& form = objective.shape();
  std::vector<std::string> words;
  if (form.floor && std::isinf(at[0])) words.emplace_back("the floor came out at zero");
  for (std::size_t i = 0; i < form.inputs; ++i) {
    const std::string x = input_name(form, i);
    double least = INFINITY, most = -INFINITY;
    for (std::size_t k = 0; k < objective.points(); ++k) {
      least = std::min(least, objective.u(k)[i]);
      most = std::max(most, objective.u(k)[i]);
    }
    const double exponent = at[form.exponent(i)];
    if (std::isinf(at[form.height(i)])) {
      words.push_back(fmt::format("the term of {} vanished: the loss does not depend on it here", x));
    } else if (std::abs(exponent) * (most - least) < kFlat) {
      words.push_back(form.floor ? fmt::format("the term of {} does not vary over the data: it cannot be told from a "
                                               "floor",
                                               x)
                                 : fmt::format("the loss does not change with {}", x));
    } else if (exponent < 0 && !std::holds_alternative<PairedLaw>(law)) {
      words.push_back(fmt::format("the loss rises with {}: the law says nothing about larger runs", x));
    } else if (form.floor && only_at_one_end(objective, at, i)) {
      words.push_back(
          fmt::format("the term of {} is felt at its smallest value only: any larger exponent fits as well", x));
    }
  }
  if (form.inputs == 2) {
    const double apart = moments(objective.points(), [&](std::size_t k) { return objective.u(k); }).apart();
    if (apart < kLoose) {
      words.push_back(
          fmt::format("parameters and tokens move together (correlation of their logs {:.4f}): which of "
                      "the two terms is which is hardly determined",
                      std::sqrt(1 - apart)));
    }
  }
  if (singular(objective, at)) {
    words.emplace_back("the data do not determine all parameters: others fit as well");
  }
  return words;
}

std::string beyond_numbers(const LawFit& fit) {
  const std::vector<double> values = parameters(fit.law);
  const LawShape form = shape(fit.law);
  for (std::size_t i = 0; i < form.inputs; ++i) {
    const double scale = values[form.height(i)];
    if (std::isfinite(scale) && (scale != 0 || std::isinf(fit.at[form.height(i)]))) continue;
    return fmt::format(
        "with an exponent of {:.3g} the law's value at x = 1 is exp({:.0f}), which no number here can hold; give x in "
        "a "
        "unit nearer to the data, or doubt that the law {} describes these points",
        values[form.exponent(i)], fit.at[form.height(i)] + values[form.exponent(i)] * fit.centre[i], name(fit.law));
  }
  return "";
}

void require_numbers(const LawFit& fit, const std::string& what) {
  const std::string words = beyond_numbers(fit);
  if (!words.empty()) throw ConfigError(what + ": " + words);
}

}  // namespace mobasim
