// Devices that are there to choose from, as a table.
#pragma once

#include "sim/base/file_list.h"

namespace mobasim {

// A row a file: its peaks, memory and links. Throws ConfigError.
[[nodiscard]] Table device_list(const FileList& files);

}  // namespace mobasim
