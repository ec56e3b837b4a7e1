#include "fit/interval/distributions.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "tests/catch.h"

namespace mobasim::tests::distributions_test {
TEST_CASE("Quantiles of Student's t are those of the tables") {
  // Abramowitz & Stegun, table 26.10 (three decimals), and closed forms for one, two and four degrees of freedom.
  const std::vector<std::pair<double, double>> table = {{1, 12.706}, {2, 4.303},  {3, 3.182},  {4, 2.776},
                                                        {5, 2.571},  {6, 2.447},  {8, 2.306},  {10, 2.228},
                                                        {20, 2.086}, {30, 2.042}, {60, 2.000}, {120, 1.980}};
  for (const auto& [degrees, quantile] : table) CHECK(t_quantile_95(degrees) == Approx(quantile).margin(5e-4));
  CHECK(t_quantile_95(1) == Approx(std::tan(0.475 * std::acos(-1.0))).epsilon(1e-12));
  CHECK(t_quantile_95(2) == Approx(0.95 * std::sqrt(2 / (1 - 0.95 * 0.95))).epsilon(1e-12));
  CHECK(t_quantile_95(1e8) == Approx(1.959963985).epsilon(1e-7));  // the normal's
}

TEST_CASE("Quantiles of Student's t at any probability have their closed forms") {
  for (const double p : {1e-12, 1e-4, 0.025, 0.3, 0.5, 0.8, 0.9995}) {
    CHECK(t_quantile(p, 1) == Approx(-1 / std::tan(p * std::acos(-1.0))).epsilon(1e-11).margin(1e-12));
    CHECK(t_quantile(p, 2) == Approx((2 * p - 1) / std::sqrt(2 * p * (1 - p))).epsilon(1e-11).margin(1e-12));
    CHECK(t_quantile(p, std::numeric_limits<double>::infinity()) == normal_quantile(p));
  }
  for (const double p : {1e-9, 0.025, 0.9}) {  // both sides of where the series takes over
    CHECK(t_quantile(p, 1.0001e6) == Approx(t_quantile(p, 0.9999e6)).epsilon(1e-8));
    CHECK(t_quantile(p, 1e12) == Approx(normal_quantile(p)).epsilon(1e-10));
  }
  CHECK(t_quantile(0.995, 7.5) == Approx(-t_quantile(0.005, 7.5)).epsilon(1e-12));  // symmetric
}

TEST_CASE("The normal's quantile is the inverse of its distribution, far into the tails") {
  // Abramowitz & Stegun, tables 26.1 and 26.5.
  CHECK(normal_distribution(1) == Approx(0.841344746068543).epsilon(1e-14));
  CHECK(normal_distribution(-5) == Approx(2.866515719e-7).epsilon(1e-9));
  CHECK(normal_quantile(0.975) == Approx(1.959963984540054).epsilon(1e-14));
  CHECK(normal_quantile(0.001) == Approx(-3.090232306167813).epsilon(1e-13));
  for (const double p : {1e-300, 1e-20, 1e-5, 0.2, 0.5, 0.77, 0.999}) {
    CHECK(normal_distribution(normal_quantile(p)) == Approx(p).epsilon(1e-12));
  }
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  CHECK(normal_quantile(0) == -kInfinity);
  CHECK(normal_quantile(1) == kInfinity);
  CHECK(std::isnan(normal_quantile(1.5)));
}

}  // namespace mobasim::tests::distributions_test
