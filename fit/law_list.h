// The laws of loss that are there to choose from, as a table.
#pragma once

#include "sim/base/table.h"

namespace mobasim {

// law, parameters: a row each, in the order of the list `LossLaw`.
[[nodiscard]] Table law_list();

}  // namespace mobasim
