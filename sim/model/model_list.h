// Models that are there to choose from, as a table.
#pragma once

#include "sim/base/file_list.h"

namespace mobasim {

// A row a file: its parameters, layers and sizes. Throws ConfigError.
[[nodiscard]] Table model_list(const FileList& files);

}  // namespace mobasim
