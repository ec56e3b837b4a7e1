// The mechanisms of attention that are there to choose from, as a table.
#pragma once

#include "sim/base/table.h"

namespace mobasim {

// A row each, with the parameters that it has when none are given, and the keys that a query then attends to at several
// lengths.
[[nodiscard]] Table attention_list();

}  // namespace mobasim
