#include "fit/law/paired_law.h"

#include <cmath>

namespace mobasim {

double ratio_at(const PairedLaw& law, double x) { return law.r * std::pow(x, -law.s); }

}  // namespace mobasim
