#include "fit/interval/unpaired.h"

#include <cmath>

#include "fit/interval/distributions.h"
#include "fit/interval/uncertainty.h"

namespace mobasim {

Unpaired unpaired_comparison(const FitData& a, const FitData& b, const ResidualLoss& loss, const std::string& what) {
  const LawFit of_a = fitted(PowerLaw{}, a, loss, what), of_b = fitted(PowerLaw{}, b, loss, what);
  const Uncertainty sure_of_a = uncertainty_of(of_a, a), sure_of_b = uncertainty_of(of_b, b);
  Unpaired result;
  result.s = std::get<PowerLaw>(of_a.law).b - std::get<PowerLaw>(of_b.law).b;
  if (!determined(sure_of_a) || !determined(sure_of_b)) return result;
  Coordinates exponent{};
  exponent[PowerLaw::kShape.exponent(0)] = 1;
  result.degrees_of_freedom = sure_of_a.degrees_of_freedom + sure_of_b.degrees_of_freedom;
  const double half = t_quantile_95(result.degrees_of_freedom) *
                      std::hypot(standard_error(sure_of_a, exponent), standard_error(sure_of_b, exponent));
  result.interval = {result.s - half, result.s + half};
  return result;
}

}  // namespace mobasim
