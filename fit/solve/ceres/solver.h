// What fits ask of Ceres, in plain terms: a module of its own (sim/base/module.h), whose solver.cpp is the only file
// that includes Ceres.
#pragma once

#include <functional>
#include <vector>

namespace mobasim::ceres_solver {

// Some residuals r [residuals] of the parameters x, and what they add to the cost:
//   weight x rho(|r|^2) / 2,   rho Huber's of huber_scale (Huber 1964); without one |r|^2 / 2, and no weight
struct ResidualBlock {
  int residuals = 0;
  // Sets r [residuals] and, where it is not nullptr, dr/dx [residuals, parameters]. Returns whether all are finite.
  std::function<bool(const double* x, double* r, double* slopes)> evaluate;
  double huber_scale = 0;
  double weight = 1;
};

struct LeastSquares {
  std::vector<ResidualBlock> blocks;
  bool normal_equations = false;  // steps by Cholesky's factors of them, else by a QR decomposition
};

// Sets f and, where it is not nullptr, df/dx. Returns whether all are finite.
using Function = std::function<bool(const double* x, double* f, double* slopes)>;

struct Stopping {
  double function_tolerance = 0, gradient_tolerance = 0, parameter_tolerance = 0;  // 0: Ceres' own
  int most_iterations = 0;
};

struct Minimum {
  double cost = 0;
  bool converged = false;
};

// Each moves x from a start to a minimum, on one thread.
struct Solver {
  // By Levenberg-Marquardt.
  Minimum (*least_squares)(const LeastSquares& problem, const Stopping& stopping, std::vector<double>& x);
  // By BFGS.
  Minimum (*smooth)(const Function& function, const Stopping& stopping, std::vector<double>& x);
  // Of the parameters, from the curvature at x; zeros where it is singular.
  std::vector<double> (*standard_errors)(const LeastSquares& problem, const std::vector<double>& x);
};

// The module's one function.
inline constexpr const char* kModule = "mobasim_ceres";
inline constexpr const char* kFunction = "mobasim_ceres_solver";
extern "C" const Solver* mobasim_ceres_solver();

}  // namespace mobasim::ceres_solver
