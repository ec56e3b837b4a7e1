#include <algorithm>
#include <cmath>

#include "fit/fitted.h"

namespace mobasim {
namespace {

// Continued fraction of the incomplete beta function, by Lentz's method (DLMF 8.17.22; Press et al., Numerical Recipes,
// section 6.4). Converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  constexpr int kMostTerms = 100000;
  const auto away_from_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m <= kMostTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    fraction *= c * d;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    fraction *= c * d;
    if (std::abs(c * d - 1) < 1e-16) break;
  }
  return fraction;
}

// The regularised incomplete beta function I_x(a, b); `y` is 1 - x, given apart to keep its digits.
double incomplete_beta(double a, double b, double x, double y) {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  const double factor =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log(y));
  if (x < (a + 1) / (a + b + 2)) return factor * beta_fraction(a, b, x) / a;
  return 1 - factor * beta_fraction(b, a, y) / b;
}

// P(|T| <= t) for Student's t (Abramowitz & Stegun 26.7.1 and 26.5.27).
double probability_within(double t, double degrees_of_freedom) {
  const double x = t * t / (degrees_of_freedom + t * t);
  const double y = degrees_of_freedom / (degrees_of_freedom + t * t);
  return incomplete_beta(0.5, degrees_of_freedom / 2, x, y);
}

}  // namespace

double t_quantile_95(double degrees_of_freedom) {
  double lo = 1.9, hi = 13;  // the normal's is 1.96, that of one degree of freedom 12.7
  while (probability_within(hi, degrees_of_freedom) < 0.95) hi *= 2;
  for (int i = 0; i < 200 && std::nextafter(lo, hi) < hi; ++i) {
    const double middle = lo + (hi - lo) / 2;
    (probability_within(middle, degrees_of_freedom) < 0.95 ? lo : hi) = middle;
  }
  return lo + (hi - lo) / 2;
}

}  // namespace mobasim
