// What there is to say of fits beside their tables: what the data do not determine, and how far projections reach.
#pragma once

#include <string>
#include <vector>

#include "fit/prediction/group_fit.h"

namespace mobasim {

// Lines in words. What is true of more than three groups is one line that counts them.
[[nodiscard]] std::vector<std::string> notes_on(const std::vector<GroupFit>& groups, const ResidualLoss& loss);

}  // namespace mobasim
