#include "fit/solve.h"

#include <ceres/ceres.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

// log x in standard form, so that the two parameters are orthogonal and of one scale.
struct Standardised {
  std::vector<double> u;  // (log x - centre) / spread
  double centre = 0;
  double spread = 1;  // root mean square of log x - centre
};

Standardised standardised(const std::vector<double>& log_x) {
  const double n = static_cast<double>(log_x.size());
  Standardised result;
  for (const double value : log_x) result.centre += value / n;
  double squares = 0;
  for (const double value : log_x) squares += (value - result.centre) * (value - result.centre);
  result.spread = std::sqrt(squares / n);
  result.u.reserve(log_x.size());
  for (const double value : log_x) result.u.push_back((value - result.centre) / result.spread);
  return result;
}

// r_i = log y_i - (height - slope u_i). One block for all points: right for squares, whose sum does not depend on how
// points are put into blocks (a robust loss would need one block per point).
class LineResiduals final : public ceres::CostFunction {
 public:
  LineResiduals(const std::vector<double>& u, const std::vector<double>& log_y) : u_(u), log_y_(log_y) {
    set_num_residuals(static_cast<int>(u.size()));
    mutable_parameter_block_sizes()->push_back(2);
  }

  bool Evaluate(double const* const* parameters, double* residuals, double** jacobians) const override {
    const double height = parameters[0][0];
    const double slope = parameters[0][1];
    for (std::size_t i = 0; i < u_.size(); ++i) residuals[i] = log_y_[i] - (height - slope * u_[i]);
    if (jacobians == nullptr || jacobians[0] == nullptr) return true;
    for (std::size_t i = 0; i < u_.size(); ++i) {  // row-major, n x 2
      jacobians[0][2 * i] = -1;
      jacobians[0][2 * i + 1] = u_[i];
    }
    return true;
  }

 private:
  const std::vector<double>& u_;
  const std::vector<double>& log_y_;
};

struct HeightAndSlope {
  double height = 0, slope = 0;
};

// Ceres' default tolerances stop too early for fits of this kind; these do not stop before rounding does.
ceres::Solver::Options tight_options() {
  ceres::Solver::Options options;
  options.linear_solver_type = ceres::DENSE_QR;
  options.function_tolerance = 1e-16;
  options.gradient_tolerance = 1e-15;
  options.parameter_tolerance = 1e-14;
  options.max_num_iterations = 2000;
  options.initial_trust_region_radius = 1e16;  // the problem is linear: an undamped step reaches the minimum at once
  options.num_threads = 1;
  options.logging_type = ceres::SILENT;
  return options;
}

HeightAndSlope by_ceres(const std::vector<double>& u, const std::vector<double>& log_y) {
  double parameters[2] = {log_y.front(),
                          0};  // a flat line: far from the answer, so that the check below means something
  ceres::Problem problem;
  problem.AddResidualBlock(new LineResiduals(u, log_y), nullptr, parameters);
  ceres::Solver::Summary summary;
  ceres::Solve(tight_options(), &problem, &summary);
  return {parameters[0], parameters[1]};
}

// Ordinary least squares; u has mean 0 and mean square 1.
HeightAndSlope by_regression(const std::vector<double>& u, const std::vector<double>& log_y) {
  const double n = static_cast<double>(u.size());
  HeightAndSlope result;
  for (std::size_t i = 0; i < u.size(); ++i) {
    result.height += log_y[i] / n;
    result.slope -= u[i] * log_y[i] / n;
  }
  return result;
}

void assert_close(const char* what, double solved, double regression) {
  if (std::abs(solved - regression) <= 1e-9 * (1 + std::abs(regression))) return;
  assertion_failed(what, shortest(solved), shortest(regression), __FILE__, __LINE__);
}

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

LogLine solved_line(const LogPoints& points) {
  const Standardised x = standardised(points.log_x);
  const HeightAndSlope solved = by_ceres(x.u, points.log_y);
  const HeightAndSlope regression = by_regression(x.u, points.log_y);
  assert_close("height of the line: Ceres == regression", solved.height, regression.height);
  assert_close("slope of the line: Ceres == regression", solved.slope, regression.slope);

  LogLine line{.centre = x.centre, .height = solved.height, .exponent = solved.slope / x.spread};
  for (std::size_t i = 0; i < points.log_x.size(); ++i) {
    const double r = line.residual(points.log_x[i], points.log_y[i]);
    line.objective += r * r / 2;
  }
  return line;
}

}  // namespace mobasim
