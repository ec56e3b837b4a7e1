#include "fit/law/power_law.h"

#include <cmath>
#include <limits>

namespace mobasim {

double loss_at(const PowerLaw& law, double x) { return law.a * std::pow(x, -law.b); }

double x_at(const PowerLaw& law, double loss) {
  if (law.b == 0 || !(loss > 0)) return std::numeric_limits<double>::infinity();
  return std::pow(law.a / loss, 1 / law.b);
}

}  // namespace mobasim
