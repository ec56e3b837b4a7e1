// From a shape known when running to one known when compiling: the loops over points are compiled once a shape.
#pragma once

#include <cstdlib>

#include "fit/law/term_law.h"
#include "fit/loss_law.h"

namespace mobasim {

// Calls work.template operator()<kShape>() with the shape of the law in the list that has it.
template <class Work>
void with_shape(const LawShape& shape, const Work& work) {
  const auto found = [&]<class... Laws>(const std::variant<Laws...>*) {
    return ((Laws::kShape == shape ? (work.template operator()<Laws::kShape>(), true) : false) || ...);
  };
  if (!found(static_cast<const LossLaw*>(nullptr))) std::abort();  // shapes come from laws of the list only
}

}  // namespace mobasim
