// THE list of loss laws. A new law is one header beside this one and its name in the list.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fit/paired_law.h"
#include "fit/power_law.h"

namespace mobasim {

using LossLaw = std::variant<PowerLaw, PairedLaw>;

[[nodiscard]] const std::vector<std::string>& law_names();  // "p2", "paired"

}  // namespace mobasim
