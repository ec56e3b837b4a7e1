// THE list of loss laws. A new law is one struct beside these and its name in the list.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fit/law/chinchilla_law.h"
#include "fit/law/floored_power_law.h"
#include "fit/law/paired_law.h"
#include "fit/law/power_law.h"

namespace mobasim {

using LossLaw = std::variant<PowerLaw, FlooredPowerLaw, ChinchillaLaw, OuterChinchillaLaw, PairedLaw>;

[[nodiscard]] const std::vector<std::string>& law_names();  // "p2", "p3", "chinchilla", "chinchilla-outer", "paired"
[[nodiscard]] LossLaw law_named(const std::string& name);   // throws ConfigError
[[nodiscard]] std::string_view name(const LossLaw& law);
[[nodiscard]] std::string_view formula(const LossLaw& law);
[[nodiscard]] LawShape shape(const LossLaw& law);
// Names of the natural parameters, in the order of LawShape; and their values.
[[nodiscard]] std::vector<std::string> parameter_names(const LossLaw& law);
[[nodiscard]] std::vector<double> parameters(const LossLaw& law);
// The law of this kind with other parameters.
[[nodiscard]] LossLaw with_parameters(const LossLaw& kind, const std::vector<double>& parameters);
// The names of all parameters of all laws, each once, in the order of the list: the columns of a result.
[[nodiscard]] const std::vector<std::string>& all_parameter_names();

// y of the law; `x` are compute, or parameters and tokens.
[[nodiscard]] double value_at(const LossLaw& law, const std::vector<double>& x);

}  // namespace mobasim
