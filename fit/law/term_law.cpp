#include "fit/law/term_law.h"

#include "fit/law/with_shape.h"

namespace mobasim {

Inputs logarithms(const std::vector<double>& x) {
  Inputs log_x{};
  for (std::size_t i = 0; i < x.size(); ++i) log_x[i] = std::log(x[i]);
  return log_x;
}

LawValue value_of(const LawShape& shape, const Coordinates& at, const Inputs& u) {
  LawValue value;
  with_shape(shape, [&]<LawShape kShape>() { evaluate<kShape, true>(at, constants_of(shape, at), u, value); });
  return value;
}

std::vector<double> natural_parameters(const LawShape& shape, const Coordinates& at, const Inputs& centre) {
  std::vector<double> natural;
  if (shape.floor) natural.push_back(std::exp(at[0]));
  for (std::size_t i = 0; i < shape.inputs; ++i) {
    const double exponent = at[shape.exponent(i)];
    natural.push_back(std::exp(at[shape.height(i)] + exponent * centre[i]));
    natural.push_back(exponent);
  }
  if (shape.outer) natural.push_back(std::exp(at[shape.outer_at()]));
  return natural;
}

Coordinates coordinates_of(const LawShape& shape, const std::vector<double>& natural, const Inputs& centre) {
  Coordinates at{};
  if (shape.floor) at[0] = std::log(natural[0]);
  for (std::size_t i = 0; i < shape.inputs; ++i) {
    const double exponent = natural[shape.exponent(i)];
    at[shape.height(i)] = std::log(natural[shape.height(i)]) - exponent * centre[i];
    at[shape.exponent(i)] = exponent;
  }
  if (shape.outer) at[shape.outer_at()] = std::log(natural[shape.outer_at()]);
  return at;
}

}  // namespace mobasim
