#include "fit/loss_law.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

template <class Law, std::size_t... kIndex>
Law law_from(const std::vector<double>& values, std::index_sequence<kIndex...>) {
  return Law{values[kIndex]...};
}

// One law of each kind, in the order of the list.
template <class... Laws>
std::vector<LossLaw> laws_of(const std::variant<Laws...>*) {
  return {LossLaw(Laws{})...};
}

const std::vector<LossLaw>& laws() {
  static const std::vector<LossLaw> all = laws_of(static_cast<const LossLaw*>(nullptr));
  return all;
}

}  // namespace

const std::vector<std::string>& law_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const LossLaw& law : laws()) result.emplace_back(name(law));
    return result;
  }();
  return names;
}

LossLaw law_named(const std::string& wanted) {
  for (const LossLaw& law : laws()) {
    if (name(law) == wanted) return law;
  }
  throw ConfigError(
      fmt::format("'{}' is no law; one of {}{}", wanted, joined(law_names()), suggestion(wanted, law_names())));
}

std::string_view name(const LossLaw& law) {
  return std::visit([]<class Law>(const Law&) { return Law::kName; }, law);
}

std::string_view formula(const LossLaw& law) {
  return std::visit([]<class Law>(const Law&) { return Law::kFormula; }, law);
}

LawShape shape(const LossLaw& law) {
  return std::visit([]<class Law>(const Law&) { return Law::kShape; }, law);
}

std::vector<std::string> parameter_names(const LossLaw& law) {
  return std::visit(
      []<class Law>(const Law&) { return std::vector<std::string>(Law::kParameters.begin(), Law::kParameters.end()); },
      law);
}

std::vector<double> parameters(const LossLaw& law) {
  return std::visit(
      [](const auto& one) {
        const auto values = one.values();
        return std::vector<double>(values.begin(), values.end());
      },
      law);
}

LossLaw with_parameters(const LossLaw& kind, const std::vector<double>& values) {
  return std::visit(
      [&]<class Law>(const Law&) {
        static_assert(Law::kShape.coordinates() == Law::kParameters.size());
        return LossLaw(law_from<Law>(values, std::make_index_sequence<Law::kParameters.size()>()));
      },
      kind);
}

const std::vector<std::string>& all_parameter_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result = {"a", "b", "floor"};  // the order that results have had from the first
    for (const LossLaw& law : laws()) {
      for (const std::string& one : parameter_names(law)) {
        if (std::find(result.begin(), result.end(), one) == result.end()) result.push_back(one);
      }
    }
    // outer after r and s, so that the columns of the simpler laws stand together
    std::stable_partition(result.begin(), result.end(), [](const std::string& one) { return one != "outer"; });
    return result;
  }();
  return names;
}

double value_at(const LossLaw& law, const std::vector<double>& x) {
  const LawShape of = shape(law);
  return std::exp(value_of(of, coordinates_of(of, parameters(law), Inputs{}), logarithms(x)).log_y);
}

}  // namespace mobasim
