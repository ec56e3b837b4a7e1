#include "fit/solve/newton.h"

#include <algorithm>
#include <cmath>

#include "fit/solve/symmetric.h"

namespace mobasim {
namespace {

constexpr int kMostSteps = 100;
constexpr double kLongestStep = 4;  // in any coordinate: they are logarithms and exponents

// Slopes, curvature and scale along the directions.
struct Along {
  Coordinates gradient{};
  CoordinateMatrix curvature{};
  Coordinates scale{};
};

Along along(const ObjectiveValue& value, const Directions& directions) {
  Along result;
  for (std::size_t i = 0; i < directions.size(); ++i) {
    for (std::size_t j = 0; j < kMostCoordinates; ++j) {
      const double d = directions[i][j];
      if (d == 0) continue;
      result.gradient[i] += d * value.gradient[j];
      result.scale[i] += d * d * value.scale[j];
      for (std::size_t m = 0; m < directions.size(); ++m) {
        for (std::size_t k = 0; k < kMostCoordinates; ++k) {
          result.curvature[i][m] += d * value.curvature[j][k] * directions[m][k];
        }
      }
    }
  }
  return result;
}

// (curvature + damping * scale)^-1 (-gradient); nothing where that matrix is not positive definite.
std::optional<Coordinates> step(const Along& at, double damping, std::size_t n) {
  CoordinateMatrix matrix = at.curvature;
  Coordinates downhill{};
  for (std::size_t i = 0; i < n; ++i) {
    matrix[i][i] += damping * at.scale[i];
    downhill[i] = -at.gradient[i];
  }
  const auto l = cholesky(matrix, n);
  if (!l) return std::nullopt;
  return solved(*l, downhill, n);
}

Coordinates moved(const Coordinates& from, const Coordinates& by, const Directions& directions) {
  Coordinates change{};
  double longest = 0;
  for (std::size_t j = 0; j < kMostCoordinates; ++j) {
    for (std::size_t i = 0; i < directions.size(); ++i) change[j] += by[i] * directions[i][j];
    longest = std::max(longest, std::abs(change[j]));
  }
  const double shorten = longest > kLongestStep ? kLongestStep / longest : 1;
  Coordinates to = from;
  for (std::size_t j = 0; j < kMostCoordinates; ++j) {
    if (change[j] != 0) to[j] += shorten * change[j];
  }
  return to;
}

}  // namespace

Directions free_directions(const LawShape& shape, const Coordinates& at) {
  std::vector<bool> free(shape.coordinates(), true);
  if (shape.floor && std::isinf(at[0])) free[0] = false;
  for (std::size_t i = 0; i < shape.inputs; ++i) {
    if (std::isinf(at[shape.height(i)])) free[shape.height(i)] = free[shape.exponent(i)] = false;
  }
  Directions directions;
  for (std::size_t j = 0; j < free.size(); ++j) {
    if (!free[j]) continue;
    directions.emplace_back();
    directions.back()[j] = 1;
  }
  return directions;
}

LocalMinimum newton_minimum(const Objective& objective, const Coordinates& start) {
  return newton_minimum(objective, start, free_directions(objective.shape(), start));
}

LocalMinimum newton_minimum(const Objective& objective, const Coordinates& start, const Directions& directions) {
  const std::size_t n = directions.size();
  ObjectiveValue value;
  objective.evaluate(start, Derivatives::second, value);
  LocalMinimum best{start, value.value, false};
  double damping = 0;
  for (int i = 0; i < kMostSteps; ++i) {
    const Along here = along(value, directions);
    const std::optional<Coordinates> by = step(here, damping, n);
    const auto damp = [&] { damping = damping == 0 ? 1e-4 : damping * 8; };
    if (!by) {
      if (damping > 1e12) break;
      damp();
      continue;
    }
    double decrease = 0;  // that the parabola promises
    for (std::size_t j = 0; j < n; ++j) decrease -= here.gradient[j] * (*by)[j] / 2;
    const Coordinates at = moved(best.at, *by, directions);
    ObjectiveValue there;
    objective.evaluate(at, Derivatives::second, there);
    // Below what the sum resolves a full step is still the better end: it makes the slope vanish.
    const bool at_rounding = decrease <= 1e-14 * best.value;
    if (there.value < best.value || (at_rounding && there.value <= best.value * (1 + 1e-14))) {
      best = {at, there.value, at_rounding};
      value = there;
      damping = damping < 1e-4 ? 0 : damping / 8;
    } else {
      best.converged = at_rounding;
      damp();
    }
    if (best.converged || damping > 1e12) break;
  }
  return best;
}

}  // namespace mobasim
