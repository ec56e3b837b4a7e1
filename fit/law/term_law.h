// What every law in this folder is: a sum of power terms over a floor,
//   y = floor + (sum_i a_i x_i^-b_i)^outer,
// in the coordinates that it is fitted in, and what the law and its slopes are there (docs/method/laws.md).
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace mobasim {

inline constexpr std::size_t kMostInputs = 2;       // parameters and tokens
inline constexpr std::size_t kMostCoordinates = 6;  // floor, two terms of two, outer exponent

struct LawShape {
  bool floor = false;      // else 0
  std::size_t inputs = 1;  // one term each
  bool outer = false;      // else 1
  [[nodiscard]] constexpr std::size_t coordinates() const { return (floor ? 1 : 0) + 2 * inputs + (outer ? 1 : 0); }
  // Where a coordinate stands: [log floor], then of each term its height (its logarithm at the centre of log x_i) and
  // its exponent, then [log outer]. Natural parameters stand in the same order: floor, a_i, b_i, outer.
  [[nodiscard]] constexpr std::size_t height(std::size_t input) const { return (floor ? 1 : 0) + 2 * input; }
  [[nodiscard]] constexpr std::size_t exponent(std::size_t input) const { return height(input) + 1; }
  [[nodiscard]] constexpr std::size_t outer_at() const { return (floor ? 1 : 0) + 2 * inputs; }
  friend bool operator==(const LawShape&, const LawShape&) = default;
};

using Inputs = std::array<double, kMostInputs>;  // log x_i; unused ones are 0
[[nodiscard]] Inputs logarithms(const std::vector<double>& x);
using Coordinates = std::array<double, kMostCoordinates>;
// Symmetric; only the shape's coordinates are used.
using CoordinateMatrix = std::array<std::array<double, kMostCoordinates>, kMostCoordinates>;

// log y with its slopes, and the curvature if asked for. `u` is log x_i minus the centre. A log floor of -infinity is a
// floor of 0.
struct LawValue {
  double log_y = 0;
  Coordinates gradient{};
  CoordinateMatrix curvature{};
};

// What is the same at every point.
struct LawConstants {
  double floor = 0, outer = 1;
};
[[nodiscard]] inline LawConstants constants_of(const LawShape& shape, const Coordinates& at) {
  return {shape.floor ? std::exp(at[0]) : 0, shape.outer ? std::exp(at[shape.outer_at()]) : 1};
}

template <LawShape kShape, bool kCurvature>
inline void evaluate(const Coordinates& at, const LawConstants& constants, const Inputs& u, LawValue& value);

// The same for a shape that is known when running: for single points.
[[nodiscard]] LawValue value_of(const LawShape& shape, const Coordinates& at, const Inputs& u);

// Natural parameters (floor, a_i, b_i, outer) of the coordinates about a centre, and back. A parameter beyond what a
// double holds comes out as infinity or 0.
[[nodiscard]] std::vector<double> natural_parameters(const LawShape& shape, const Coordinates& at,
                                                     const Inputs& centre);
[[nodiscard]] Coordinates coordinates_of(const LawShape& shape, const std::vector<double>& natural,
                                         const Inputs& centre);

// ---------------------------------------------------------------------------------------------------------------------

template <LawShape kShape, bool kCurvature>
inline void evaluate(const Coordinates& at, const LawConstants& constants, const Inputs& u, LawValue& value) {
  constexpr std::size_t n = kShape.coordinates();
  // z_i = height_i - exponent_i u_i; t = log of the terms with the outer exponent; p_i the shares of the terms in their
  // sum, w the share of the terms in y. Values are of order 1, so that none of these powers is near a double's limits;
  // where a search strays that far the objective is infinite and the step is taken back.
  std::array<double, kMostInputs> z{}, p{};
  for (std::size_t i = 0; i < kShape.inputs; ++i) z[i] = at[kShape.height(i)] - at[kShape.exponent(i)] * u[i];
  p[0] = 1;
  double t = z[0], w = 1, terms = 0;
  if constexpr (kShape.inputs == 2) {
    const double e0 = std::exp(z[0]), e1 = std::exp(z[1]);
    terms = e0 + e1;
    p[0] = e0 / terms;
    p[1] = e1 / terms;
  }
  const double outer = constants.outer;
  if constexpr (kShape.outer) {
    t = outer * (kShape.inputs == 2 ? std::log(terms) : z[0]);
    terms = std::exp(t);
  } else if constexpr (kShape.floor && kShape.inputs == 1) {
    terms = std::exp(t);
  }
  if constexpr (kShape.floor) {
    const double y = constants.floor + terms;
    value.log_y = std::log(y);
    w = terms / y;
  } else {
    value.log_y = kShape.inputs == 2 && !kShape.outer ? std::log(terms) : t;
  }
  // Slopes of t, then of log y = log(floor + exp t).
  Coordinates slope{};
  for (std::size_t i = 0; i < kShape.inputs; ++i) {
    slope[kShape.height(i)] = outer * p[i];
    slope[kShape.exponent(i)] = -outer * p[i] * u[i];
  }
  if constexpr (kShape.outer) slope[kShape.outer_at()] = t;
  for (std::size_t j = 0; j < n; ++j) value.gradient[j] = w * slope[j];
  if constexpr (kShape.floor) value.gradient[0] = 1 - w;
  if constexpr (kCurvature) {
    for (auto& row : value.curvature) row = {};
    CoordinateMatrix& c = value.curvature;
    if constexpr (kShape.inputs == 2) {  // of s, times outer w: p_i (delta_ij - p_j)
      const double both = w * outer * p[0] * p[1];
      constexpr std::size_t h0 = kShape.height(0), h1 = kShape.height(1);
      const std::array<double, 4> along = {1, -u[0], -1, u[1]};  // z_0 - z_1 by h0, b0, h1, b1
      constexpr std::array<std::size_t, 4> where = {h0, h0 + 1, h1, h1 + 1};
      for (std::size_t j = 0; j < 4; ++j) {
        for (std::size_t k = 0; k < 4; ++k) c[where[j]][where[k]] += both * along[j] * along[k];
      }
    }
    if constexpr (kShape.outer) {
      constexpr std::size_t g = kShape.outer_at();
      for (std::size_t j = kShape.height(0); j < g; ++j) {
        c[j][g] += w * slope[j];
        c[g][j] += w * slope[j];
      }
      c[g][g] += w * t;
    }
    if constexpr (kShape.floor) {  // w (1 - w) grad(t - log floor) grad(t - log floor)'
      slope[0] = -1;
      for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t k = 0; k < n; ++k) c[j][k] += w * (1 - w) * slope[j] * slope[k];
      }
    }
  }
}

}  // namespace mobasim
