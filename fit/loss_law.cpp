#include "fit/loss_law.h"

namespace mobasim {
namespace {

template <class... Laws>
std::vector<std::string> names_of(const std::variant<Laws...>*) {
  return {std::string(Laws::kName)...};
}

}  // namespace

const std::vector<std::string>& law_names() {
  static const std::vector<std::string> names = names_of(static_cast<const LossLaw*>(nullptr));
  return names;
}

}  // namespace mobasim
