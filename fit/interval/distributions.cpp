#include "fit/interval/distributions.h"

#include <cmath>
#include <limits>
#include <numbers>

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

// P(T > t) for Student's t, t >= 0 (Abramowitz & Stegun 26.7.1, 26.5.27 and 26.5.2).
double t_tail(double t, double degrees_of_freedom) {
  const double x = degrees_of_freedom / (degrees_of_freedom + t * t);
  const double y = t * t / (degrees_of_freedom + t * t);
  return incomplete_beta(degrees_of_freedom / 2, 0.5, x, y) / 2;
}

// x >= 0 with tail(x) = p for p <= 1/2: bisection down to neighbouring numbers.
template <class Tail>
double upper_quantile(double p, const Tail& tail) {
  double lo = 0, hi = 2;
  while (hi < std::numeric_limits<double>::max() / 2 && tail(hi) > p) {
    lo = hi;
    hi *= 2;
  }
  while (std::nextafter(lo, hi) < hi) {
    const double middle = lo + (hi - lo) / 2;
    (tail(middle) > p ? lo : hi) = middle;
  }
  return lo;
}

// Of a distribution that is symmetric about 0.
template <class Tail>
double quantile(double p, const Tail& tail) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (!(p >= 0 && p <= 1)) return std::numeric_limits<double>::quiet_NaN();
  if (p == 0 || p == 1) return p == 0 ? -kInfinity : kInfinity;
  if (p == 0.5) return 0;
  return p < 0.5 ? -upper_quantile(p, tail) : upper_quantile(1 - p, tail);
}

}  // namespace

double normal_distribution(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }

double normal_quantile(double p) {
  return quantile(p, [](double z) { return normal_distribution(-z); });
}

double t_quantile(double p, double degrees_of_freedom) {
  if (degrees_of_freedom > 1e6) {  // there lgamma's digits cancel, and the next term is below 1e-9
    const double z = normal_quantile(p);
    return std::isinf(z) ? z : z + (z * z * z + z) / (4 * degrees_of_freedom);  // Abramowitz & Stegun 26.7.5
  }
  return quantile(p, [&](double t) { return t_tail(t, degrees_of_freedom); });
}

double t_quantile_95(double degrees_of_freedom) { return t_quantile(0.975, degrees_of_freedom); }

}  // namespace mobasim
