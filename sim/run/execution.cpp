#include "sim/run/execution.h"

#include <algorithm>

namespace mobasim {

const std::vector<std::string>& recompute_names() {
  static const std::vector<std::string> names{"none", "selective", "full"};
  return names;
}

std::string_view name(Recompute recompute) { return recompute_names()[static_cast<std::size_t>(recompute)]; }

Recompute recompute_named(std::string_view text) {
  const auto& names = recompute_names();
  return static_cast<Recompute>(std::find(names.begin(), names.end(), text) - names.begin());
}

}  // namespace mobasim
