#include "sim/base/basis.h"

#include <array>
#include <cstddef>

namespace mobasim {
namespace {
constexpr std::array<std::string_view, 5> kNames = {"measured", "interpolated", "published", "assumed", "extrapolated"};
}

std::string_view name(Basis basis) { return kNames[static_cast<std::size_t>(basis)]; }

std::optional<Basis> basis_named(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Basis>(i);
  }
  return std::nullopt;
}

}  // namespace mobasim
