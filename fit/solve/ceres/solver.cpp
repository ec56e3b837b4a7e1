#include "fit/solve/ceres/solver.h"

#include <ceres/ceres.h>
#include <glog/logging.h>

#include <cmath>
#include <utility>

namespace mobasim::ceres_solver {
namespace {

class BlockCost final : public ceres::CostFunction {
 public:
  BlockCost(const ResidualBlock& block, int parameters) : block_(block) {
    set_num_residuals(block.residuals);
    mutable_parameter_block_sizes()->push_back(parameters);
  }

  bool Evaluate(double const* const* parameters, double* residuals, double** jacobians) const override {
    return block_.evaluate(parameters[0], residuals, jacobians == nullptr ? nullptr : jacobians[0]);
  }

 private:
  const ResidualBlock& block_;
};

class SmoothCost final : public ceres::FirstOrderFunction {
 public:
  SmoothCost(const Function& function, int parameters) : function_(function), parameters_(parameters) {}

  bool Evaluate(const double* const parameters, double* cost, double* gradient) const override {
    return function_(parameters, cost, gradient);
  }
  int NumParameters() const override { return parameters_; }

 private:
  const Function& function_;
  int parameters_;
};

// At rounding a line search warns of constant polynomials, and a start from which nothing can be evaluated is an error
// to Ceres: both are no news to a user, and the search ends where it is.
void keep_quiet() { FLAGS_minloglevel = google::FATAL; }

void add_blocks(const LeastSquares& squares, double* x, int parameters, ceres::Problem& problem) {
  for (const ResidualBlock& block : squares.blocks) {
    ceres::LossFunction* loss = nullptr;
    if (block.huber_scale > 0) {
      loss = new ceres::ScaledLoss(new ceres::HuberLoss(block.huber_scale), block.weight, ceres::TAKE_OWNERSHIP);
    }
    problem.AddResidualBlock(new BlockCost(block, parameters), loss, x);
  }
}

template <class Options>
void set_stopping(const Stopping& stopping, Options& options) {
  if (stopping.function_tolerance > 0) options.function_tolerance = stopping.function_tolerance;
  if (stopping.gradient_tolerance > 0) options.gradient_tolerance = stopping.gradient_tolerance;
  if (stopping.parameter_tolerance > 0) options.parameter_tolerance = stopping.parameter_tolerance;
  options.max_num_iterations = stopping.most_iterations;
  options.logging_type = ceres::SILENT;
}

Minimum least_squares(const LeastSquares& squares, const Stopping& stopping, std::vector<double>& x) {
  ceres::Problem problem;
  add_blocks(squares, x.data(), static_cast<int>(x.size()), problem);
  ceres::Solver::Options options;
  set_stopping(stopping, options);
  options.linear_solver_type = squares.normal_equations ? ceres::DENSE_NORMAL_CHOLESKY : ceres::DENSE_QR;
  options.num_threads = 1;
  ceres::Solver::Summary summary;
  ceres::Solve(options, &problem, &summary);
  return {summary.final_cost, summary.termination_type == ceres::CONVERGENCE};
}

Minimum smooth(const Function& function, const Stopping& stopping, std::vector<double>& x) {
  ceres::GradientProblem problem(new SmoothCost(function, static_cast<int>(x.size())));
  ceres::GradientProblemSolver::Options options;
  set_stopping(stopping, options);
  options.line_search_direction_type = ceres::BFGS;
  ceres::GradientProblemSolver::Summary summary;
  ceres::Solve(options, problem, x.data(), &summary);
  return {summary.final_cost, summary.termination_type == ceres::CONVERGENCE};
}

std::vector<double> standard_errors(const LeastSquares& squares, const std::vector<double>& at) {
  std::vector<double> x = at;
  const std::size_t n = x.size();
  ceres::Problem problem;
  add_blocks(squares, x.data(), static_cast<int>(n), problem);
  ceres::Covariance::Options options;
  options.algorithm_type = ceres::DENSE_SVD;
  ceres::Covariance covariance(options);
  std::vector<double> matrix(n * n, 0.0);
  std::vector<double> errors(n, 0.0);
  const std::vector<std::pair<const double*, const double*>> blocks{{x.data(), x.data()}};
  if (!covariance.Compute(blocks, &problem)) return errors;
  covariance.GetCovarianceBlock(x.data(), x.data(), matrix.data());
  for (std::size_t j = 0; j < n; ++j) errors[j] = std::sqrt(matrix[j * n + j]);
  return errors;
}

}  // namespace

extern "C" const Solver* mobasim_ceres_solver() {
  static const Solver solver = [] {
    keep_quiet();
    return Solver{least_squares, smooth, standard_errors};
  }();
  return &solver;
}

}  // namespace mobasim::ceres_solver
