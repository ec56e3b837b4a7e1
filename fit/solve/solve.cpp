#include "fit/solve/solve.h"

#include <ceres/ceres.h>
#include <glog/logging.h>

#include <algorithm>
#include <cmath>

#include "fit/law/with_shape.h"

namespace mobasim {
namespace {

// Ceres' default tolerances stop too early for fits of this kind; these do not stop before rounding does.
constexpr double kFunctionTolerance = 1e-16, kGradientTolerance = 1e-15, kParameterTolerance = 1e-14;
constexpr int kMostIterations = 100;  // Newton refines the end: more only creep along what is not determined

// Residuals of the points from `begin` to before `end`, as one block. Squares take all points as one; a robust loss
// acts on the norm of a block, so that there each point is a block of its own.
class LawResiduals final : public ceres::CostFunction {
 public:
  LawResiduals(const Objective& objective, std::size_t begin, std::size_t end)
      : objective_(objective), begin_(begin), end_(end) {
    set_num_residuals(static_cast<int>(end - begin));
    mutable_parameter_block_sizes()->push_back(static_cast<int>(objective.shape().coordinates()));
  }

  bool Evaluate(double const* const* parameters, double* residuals, double** jacobians) const override {
    const LawShape& shape = objective_.shape();
    const std::size_t n = shape.coordinates();
    Coordinates at{};
    std::copy(parameters[0], parameters[0] + n, at.begin());
    double* slopes = jacobians == nullptr ? nullptr : jacobians[0];
    bool finite = true;
    with_shape(shape, [&]<LawShape kShape>() {
      const LawConstants constants = constants_of(kShape, at);
      LawValue value;
      for (std::size_t i = begin_; i < end_; ++i) {
        evaluate<kShape, false>(at, constants, objective_.u(i), value);
        const double weight = std::sqrt(objective_.loss().huber_delta ? 1 : objective_.weight(i));
        residuals[i - begin_] = weight * (objective_.log_y(i) - value.log_y);
        finite = finite && std::isfinite(residuals[i - begin_]);
        if (slopes == nullptr) continue;
        for (std::size_t j = 0; j < n; ++j) slopes[(i - begin_) * n + j] = -weight * value.gradient[j];
      }
    });
    return finite;
  }

 private:
  const Objective& objective_;
  std::size_t begin_, end_;
};

// The objective as a function, times a factor that makes it of order 1: the gradient tolerance of BFGS is absolute.
class ScaledObjective final : public ceres::FirstOrderFunction {
 public:
  ScaledObjective(const Objective& objective, double factor) : objective_(objective), factor_(factor) {}

  bool Evaluate(const double* const parameters, double* cost, double* gradient) const override {
    const std::size_t n = objective_.shape().coordinates();
    Coordinates at{};
    std::copy(parameters, parameters + n, at.begin());
    ObjectiveValue value;
    objective_.evaluate(at, gradient == nullptr ? Derivatives::none : Derivatives::first, value);
    *cost = factor_ * value.value;
    bool finite = std::isfinite(*cost);
    for (std::size_t j = 0; j < n && gradient != nullptr; ++j) {
      gradient[j] = factor_ * value.gradient[j];
      finite = finite && std::isfinite(gradient[j]);  // a finite value without slopes would end the whole program
    }
    return finite;
  }
  int NumParameters() const override { return static_cast<int>(objective_.shape().coordinates()); }

 private:
  const Objective& objective_;
  double factor_;
};

// One residual of a RobustProblem: a block of its own, so that the robust loss acts on it alone.
class RobustResidual final : public ceres::CostFunction {
 public:
  RobustResidual(const RobustProblem& problem, std::size_t index) : problem_(problem), index_(index) {
    set_num_residuals(1);
    mutable_parameter_block_sizes()->push_back(static_cast<int>(problem.widths.size()));
  }

  bool Evaluate(double const* const* parameters, double* residuals, double** jacobians) const override {
    constexpr double kStep = 1e-4;  // parameters are logarithms of factors near 1
    std::vector<double> x(parameters[0], parameters[0] + problem_.widths.size());
    residuals[0] = problem_.residual(index_, x);
    if (jacobians == nullptr || jacobians[0] == nullptr) return true;
    for (std::size_t j = 0; j < x.size(); ++j) {
      const double middle = x[j];
      x[j] = middle + kStep;
      const double above = problem_.residual(index_, x);
      x[j] = middle - kStep;
      jacobians[0][j] = (above - problem_.residual(index_, x)) / (2 * kStep);
      x[j] = middle;
    }
    return true;
  }

 private:
  const RobustProblem& problem_;
  std::size_t index_;
};

// x_j / width_j for all j.
class PriorResiduals final : public ceres::CostFunction {
 public:
  explicit PriorResiduals(const std::vector<double>& widths) : widths_(widths) {
    set_num_residuals(static_cast<int>(widths.size()));
    mutable_parameter_block_sizes()->push_back(static_cast<int>(widths.size()));
  }

  bool Evaluate(double const* const* parameters, double* residuals, double** jacobians) const override {
    const std::size_t n = widths_.size();
    for (std::size_t j = 0; j < n; ++j) residuals[j] = parameters[0][j] / widths_[j];
    if (jacobians == nullptr || jacobians[0] == nullptr) return true;
    std::fill(jacobians[0], jacobians[0] + n * n, 0.0);
    for (std::size_t j = 0; j < n; ++j) jacobians[0][j * n + j] = 1 / widths_[j];
    return true;
  }

 private:
  const std::vector<double>& widths_;
};

std::vector<double> standard_errors(ceres::Problem& problem, const std::vector<double>& x) {
  const std::size_t n = x.size();
  ceres::Covariance::Options options;
  options.algorithm_type = ceres::DENSE_SVD;
  ceres::Covariance covariance(options);
  std::vector<double> matrix(n * n, 0.0), errors(n, 0.0);
  const std::vector<std::pair<const double*, const double*>> blocks{{x.data(), x.data()}};
  if (!covariance.Compute(blocks, &problem)) return errors;
  covariance.GetCovarianceBlock(x.data(), x.data(), matrix.data());
  for (std::size_t j = 0; j < n; ++j) errors[j] = std::sqrt(matrix[j * n + j]);
  return errors;
}

void add_blocks(const RobustProblem& robust, std::vector<double>& x, ceres::Problem& problem) {
  for (std::size_t i = 0; i < robust.weights.size(); ++i) {
    auto* loss =
        new ceres::ScaledLoss(new ceres::HuberLoss(robust.robust_scale), robust.weights[i], ceres::TAKE_OWNERSHIP);
    problem.AddResidualBlock(new RobustResidual(robust, i), loss, x.data());
  }
  problem.AddResidualBlock(new PriorResiduals(robust.widths), nullptr, x.data());
}

// At rounding a line search warns of constant polynomials, and a start from which nothing can be evaluated is an error
// to Ceres: both are no news to a user, and the search ends where it is.
void keep_quiet() { FLAGS_minloglevel = google::FATAL; }

ceres::Solver::Options robust_options() {
  ceres::Solver::Options options;
  options.linear_solver_type = ceres::DENSE_QR;
  options.function_tolerance = 1e-8;
  options.parameter_tolerance = 1e-7;
  options.max_num_iterations = 60;
  options.num_threads = 1;
  options.logging_type = ceres::SILENT;
  return options;
}

}  // namespace

RobustSolution solved_robust(const RobustProblem& robust) {
  std::vector<std::vector<double>> starts = robust.starts;
  starts.insert(starts.begin(), std::vector<double>(robust.widths.size(), 0.0));
  RobustSolution best;
  if (robust.widths.empty()) return best;
  double lowest = 0;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    std::vector<double> x = starts[i];
    ceres::Problem problem;
    add_blocks(robust, x, problem);
    ceres::Solver::Summary summary;
    ceres::Solve(robust_options(), &problem, &summary);
    if (i > 0 && summary.final_cost >= lowest) continue;
    lowest = summary.final_cost;
    best.standard_error = standard_errors(problem, x);
    best.x = std::move(x);
  }
  return best;
}

LocalMinimum minimum_by_levenberg_marquardt(const Objective& objective, const Coordinates& start) {
  keep_quiet();
  Coordinates at = start;
  ceres::Problem problem;
  const ResidualLoss& loss = objective.loss();
  if (!loss.huber_delta) {
    problem.AddResidualBlock(new LawResiduals(objective, 0, objective.points()), nullptr, at.data());
  }
  for (std::size_t i = 0; i < objective.points() && loss.huber_delta; ++i) {
    auto* huber =
        new ceres::ScaledLoss(new ceres::HuberLoss(*loss.huber_delta), objective.weight(i), ceres::TAKE_OWNERSHIP);
    problem.AddResidualBlock(new LawResiduals(objective, i, i + 1), huber, at.data());
  }
  ceres::Solver::Options options;
  options.linear_solver_type = loss.huber_delta ? ceres::DENSE_NORMAL_CHOLESKY : ceres::DENSE_QR;
  // Under a robust loss it closes in linearly only: the last digits are left to whoever refines the end.
  options.function_tolerance = loss.huber_delta ? 1e-7 : kFunctionTolerance;
  options.gradient_tolerance = kGradientTolerance;
  options.parameter_tolerance = kParameterTolerance;
  options.max_num_iterations = kMostIterations;
  options.num_threads = 1;
  options.logging_type = ceres::SILENT;
  ceres::Solver::Summary summary;
  ceres::Solve(options, &problem, &summary);
  return {at, objective.value(at), summary.termination_type == ceres::CONVERGENCE};
}

LocalMinimum minimum_by_bfgs(const Objective& objective, const Coordinates& start) {
  keep_quiet();
  Coordinates at = start;
  const double value = objective.value(start);
  ceres::GradientProblem problem(new ScaledObjective(objective, value > 0 ? 1 / value : 1));
  ceres::GradientProblemSolver::Options options;
  options.line_search_direction_type = ceres::BFGS;
  options.function_tolerance = kFunctionTolerance;
  options.gradient_tolerance = kGradientTolerance;
  options.parameter_tolerance = kParameterTolerance;
  options.max_num_iterations = kMostIterations;
  options.logging_type = ceres::SILENT;
  ceres::GradientProblemSolver::Summary summary;
  ceres::Solve(options, problem, at.data(), &summary);
  return {at, objective.value(at), summary.termination_type == ceres::CONVERGENCE};
}

}  // namespace mobasim
