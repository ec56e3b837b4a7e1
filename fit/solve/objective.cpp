#include "fit/solve/objective.h"

#include "fit/law/with_shape.h"

namespace mobasim {
namespace {

// Adds w rho(r) of one point, its slopes and its curvature.
template <LawShape kShape, Derivatives kDerivatives>
void add_point(const Coordinates& at, const Inputs& u, double log_y, double weight, const ResidualLoss& loss,
               const LawConstants& constants, LawValue& law, ObjectiveValue& sum) {
  constexpr std::size_t n = kShape.coordinates();
  evaluate<kShape, kDerivatives == Derivatives::second>(at, constants, u, law);
  const double r = log_y - law.log_y;
  sum.value += weight * loss.value(r);
  if constexpr (kDerivatives == Derivatives::none) return;
  const double slope = weight * loss.slope(r);
  for (std::size_t j = 0; j < n; ++j) sum.gradient[j] -= slope * law.gradient[j];
  if constexpr (kDerivatives != Derivatives::second) return;
  const double curvature = weight * loss.curvature(r);
  const double majorant = r == 0 ? weight : slope / r;  // of the loss by a parabola through 0 (Huber 1981, section 7.8)
  for (std::size_t j = 0; j < n; ++j) {
    sum.scale[j] += majorant * law.gradient[j] * law.gradient[j];
    for (std::size_t k = j; k < n; ++k) {
      sum.curvature[j][k] += curvature * law.gradient[j] * law.gradient[k] - slope * law.curvature[j][k];
    }
  }
}

}  // namespace

Inputs centre_of(const FitData& data) {
  Inputs centre{};
  for (const Inputs& log_x : data.log_x) {
    for (std::size_t i = 0; i < kMostInputs; ++i) centre[i] += log_x[i] / static_cast<double>(data.points());
  }
  return centre;
}

Objective::Objective(const LawShape& shape, const FitData& data, const ResidualLoss& loss, const Inputs& centre)
    : Objective(shape, data, loss, centre, {}) {}

Objective::Objective(const LawShape& shape, const FitData& data, const ResidualLoss& loss, const Inputs& centre,
                     const std::vector<double>& multiplicities)
    : shape_(shape), loss_(loss) {
  u_.reserve(data.points());
  log_y_.reserve(data.points());
  const bool weighted = !multiplicities.empty() || !data.weights.empty();
  if (weighted) weights_.reserve(data.points());
  std::size_t begin = 0;
  for (std::size_t cluster = 0; cluster < data.clusters(); ++cluster) {
    const double times = multiplicities.empty() ? 1 : multiplicities[cluster];
    const std::size_t end = data.cluster_end[cluster];
    for (std::size_t i = begin; i < end && times > 0; ++i) {
      Inputs u{};
      for (std::size_t k = 0; k < shape.inputs; ++k) u[k] = data.log_x[i][k] - centre[k];
      u_.push_back(u);
      log_y_.push_back(data.log_y[i]);
      if (weighted) weights_.push_back(times * (data.weights.empty() ? 1 : data.weights[i]));
    }
    begin = end;
  }
}

void Objective::evaluate(const Coordinates& at, Derivatives derivatives, ObjectiveValue& result) const {
  result = {};
  with_shape(shape_, [&]<LawShape kShape>() {
    const auto sum = [&]<Derivatives kDerivatives>() {
      const LawConstants constants = constants_of(kShape, at);
      LawValue law;
      for (std::size_t i = 0; i < u_.size(); ++i) {
        add_point<kShape, kDerivatives>(at, u_[i], log_y_[i], weight(i), loss_, constants, law, result);
      }
    };
    if (derivatives == Derivatives::none) sum.template operator()<Derivatives::none>();
    if (derivatives == Derivatives::first) sum.template operator()<Derivatives::first>();
    if (derivatives == Derivatives::second) sum.template operator()<Derivatives::second>();
  });
  for (std::size_t j = 0; j < shape_.coordinates(); ++j) {
    for (std::size_t k = 0; k < j; ++k) result.curvature[j][k] = result.curvature[k][j];
  }
}

double Objective::value(const Coordinates& at) const {
  ObjectiveValue result;
  evaluate(at, Derivatives::none, result);
  return result.value;
}

}  // namespace mobasim
