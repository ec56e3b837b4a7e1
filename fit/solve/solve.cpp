#include "fit/solve/solve.h"

#include <algorithm>
#include <cmath>

#include "fit/law/with_shape.h"
#include "fit/solve/ceres/solver.h"
#include "sim/base/module.h"

namespace mobasim {
namespace {

using ceres_solver::LeastSquares;
using ceres_solver::Minimum;
using ceres_solver::ResidualBlock;
using ceres_solver::Stopping;

// Ceres' default tolerances stop too early for fits of this kind; these do not stop before rounding does.
constexpr double kFunctionTolerance = 1e-16, kGradientTolerance = 1e-15, kParameterTolerance = 1e-14;
constexpr int kMostIterations = 100;  // Newton refines the end: more only creep along what is not determined
constexpr Stopping kAtRounding{kFunctionTolerance, kGradientTolerance, kParameterTolerance, kMostIterations};

const ceres_solver::Solver& solver() {
  using Entry = decltype(ceres_solver::mobasim_ceres_solver);
  static const ceres_solver::Solver* loaded =
      function_of_module<Entry>(ceres_solver::kModule, ceres_solver::kFunction)();
  return *loaded;
}

// Residuals of the points from `begin` to before `end`, as one block. Squares take all points as one; a robust loss
// acts on the norm of a block, so that there each point is a block of its own.
ResidualBlock law_residuals(const Objective& objective, std::size_t begin, std::size_t end) {
  const auto residuals_at = [&objective, begin, end](const double* x, double* residuals, double* slopes) {
    const LawShape& shape = objective.shape();
    const std::size_t n = shape.coordinates();
    Coordinates at{};
    std::copy(x, x + n, at.begin());
    bool finite = true;
    with_shape(shape, [&]<LawShape kShape>() {
      const LawConstants constants = constants_of(kShape, at);
      LawValue value;
      for (std::size_t i = begin; i < end; ++i) {
        evaluate<kShape, false>(at, constants, objective.u(i), value);
        const double weight = std::sqrt(objective.loss().huber_delta ? 1 : objective.weight(i));
        residuals[i - begin] = weight * (objective.log_y(i) - value.log_y);
        finite = finite && std::isfinite(residuals[i - begin]);
        if (slopes == nullptr) continue;
        for (std::size_t j = 0; j < n; ++j) slopes[(i - begin) * n + j] = -weight * value.gradient[j];
      }
    });
    return finite;
  };
  return {static_cast<int>(end - begin), residuals_at};
}

LeastSquares law_squares(const Objective& objective) {
  LeastSquares squares;
  const ResidualLoss& loss = objective.loss();
  if (!loss.huber_delta) {
    squares.blocks.push_back(law_residuals(objective, 0, objective.points()));
    return squares;
  }
  squares.normal_equations = true;
  for (std::size_t i = 0; i < objective.points(); ++i) {
    ResidualBlock block = law_residuals(objective, i, i + 1);
    block.huber_scale = *loss.huber_delta;
    block.weight = objective.weight(i);
    squares.blocks.push_back(std::move(block));
  }
  return squares;
}

// One residual of a RobustProblem: a block of its own, so that the robust loss acts on it alone.
ResidualBlock robust_residual(const RobustProblem& problem, std::size_t index) {
  const auto residual_at = [&problem, index](const double* at, double* residual, double* slopes) {
    constexpr double kStep = 1e-4;  // parameters are logarithms of factors near 1
    std::vector<double> x(at, at + problem.widths.size());
    residual[0] = problem.residual(index, x);
    for (std::size_t j = 0; j < x.size() && slopes != nullptr; ++j) {
      const double middle = x[j];
      x[j] = middle + kStep;
      const double above = problem.residual(index, x);
      x[j] = middle - kStep;
      slopes[j] = (above - problem.residual(index, x)) / (2 * kStep);
      x[j] = middle;
    }
    return true;
  };
  return {1, residual_at, problem.robust_scale, problem.weights[index]};
}

// x_j / width_j for all j.
ResidualBlock prior_residuals(const std::vector<double>& widths) {
  const auto residuals_at = [&widths](const double* x, double* residuals, double* slopes) {
    const std::size_t n = widths.size();
    for (std::size_t j = 0; j < n; ++j) residuals[j] = x[j] / widths[j];
    if (slopes == nullptr) return true;
    std::fill(slopes, slopes + n * n, 0.0);
    for (std::size_t j = 0; j < n; ++j) slopes[j * n + j] = 1 / widths[j];
    return true;
  };
  return {static_cast<int>(widths.size()), residuals_at};
}

LeastSquares robust_squares(const RobustProblem& problem) {
  LeastSquares squares;
  for (std::size_t i = 0; i < problem.weights.size(); ++i) squares.blocks.push_back(robust_residual(problem, i));
  squares.blocks.push_back(prior_residuals(problem.widths));
  return squares;
}

// The coordinates of a shape, which are those that a search moves.
std::vector<double> moved(const Objective& objective, const Coordinates& start) {
  return {start.begin(), start.begin() + static_cast<std::ptrdiff_t>(objective.shape().coordinates())};
}

LocalMinimum local_minimum(const Objective& objective, Coordinates at, const std::vector<double>& x, bool converged) {
  std::copy(x.begin(), x.end(), at.begin());
  return {at, objective.value(at), converged};
}

}  // namespace

RobustSolution solved_robust(const RobustProblem& robust) {
  constexpr Stopping kEnough{.function_tolerance = 1e-8, .parameter_tolerance = 1e-7, .most_iterations = 60};
  std::vector<std::vector<double>> starts = robust.starts;
  starts.insert(starts.begin(), std::vector<double>(robust.widths.size(), 0.0));
  RobustSolution best;
  if (robust.widths.empty()) return best;
  const LeastSquares squares = robust_squares(robust);
  double lowest = 0;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    std::vector<double> x = starts[i];
    const Minimum minimum = solver().least_squares(squares, kEnough, x);
    if (i > 0 && minimum.cost >= lowest) continue;
    lowest = minimum.cost;
    best.x = std::move(x);
  }
  best.standard_error = solver().standard_errors(squares, best.x);
  return best;
}

LocalMinimum minimum_by_levenberg_marquardt(const Objective& objective, const Coordinates& start) {
  std::vector<double> x = moved(objective, start);
  Stopping stopping = kAtRounding;
  // Under a robust loss it closes in linearly only: the last digits are left to whoever refines the end.
  if (objective.loss().huber_delta) stopping.function_tolerance = 1e-7;
  const Minimum minimum = solver().least_squares(law_squares(objective), stopping, x);
  return local_minimum(objective, start, x, minimum.converged);
}

LocalMinimum minimum_by_bfgs(const Objective& objective, const Coordinates& start) {
  const std::size_t n = objective.shape().coordinates();
  const double first = objective.value(start);
  const double factor = first > 0 ? 1 / first : 1;  // makes it of order 1: the gradient tolerance of BFGS is absolute
  const auto scaled = [&](const double* x, double* cost, double* gradient) {
    Coordinates at{};
    std::copy(x, x + n, at.begin());
    ObjectiveValue value;
    objective.evaluate(at, gradient == nullptr ? Derivatives::none : Derivatives::first, value);
    *cost = factor * value.value;
    bool finite = std::isfinite(*cost);
    for (std::size_t j = 0; j < n && gradient != nullptr; ++j) {
      gradient[j] = factor * value.gradient[j];
      finite = finite && std::isfinite(gradient[j]);  // a finite value without slopes would end the whole program
    }
    return finite;
  };
  std::vector<double> x = moved(objective, start);
  const Minimum minimum = solver().smooth(scaled, kAtRounding, x);
  return local_minimum(objective, start, x, minimum.converged);
}

}  // namespace mobasim
