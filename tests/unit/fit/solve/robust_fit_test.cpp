#include <cmath>

#include "fit/solve/solve.h"
#include "tests/catch.h"

namespace mobasim::tests::robust_fit_test {
namespace {

// One parameter, the residuals of which are x - values[i] in units of 0.1.
RobustProblem location(const std::vector<double>& values, double width) {
  RobustProblem problem;
  problem.widths = {width};
  problem.weights.assign(values.size(), 1.0);
  problem.residual = [values](std::size_t i, const std::vector<double>& x) { return (x[0] - values[i]) / 0.1; };
  problem.robust_scale = 1.5;
  return problem;
}

}  // namespace

TEST_CASE("A robust fit of a location is the mean of what agrees, whatever one outlier says") {
  const RobustSolution clean = solved_robust(location({0.30, 0.31, 0.29, 0.30}, 100));
  CHECK(clean.x[0] == Approx(0.30).margin(1e-6));
  CHECK(clean.standard_error[0] == Approx(0.1 / std::sqrt(4.0)).epsilon(1e-3));
  const RobustSolution near = solved_robust(location({0.30, 0.31, 0.29, 0.30, 2.0}, 100));
  const RobustSolution far = solved_robust(location({0.30, 0.31, 0.29, 0.30, 200.0}, 100));
  CHECK(near.x[0] < 0.36);
  CHECK(far.x[0] == Approx(near.x[0]).margin(1e-6));
}

TEST_CASE("A prior pulls what few data say towards nothing, and is all there is without data") {
  const double pulled = solved_robust(location({0.1}, 0.1)).x[0];
  CHECK(pulled == Approx(0.05).margin(1e-4));
  const RobustSolution none = solved_robust(location({}, 0.2));
  CHECK(none.x[0] == 0);
  CHECK(none.standard_error[0] == Approx(0.2));
}

}  // namespace mobasim::tests::robust_fit_test
