// Stacks that are there to choose from, as a table.
#pragma once

#include "sim/base/file_list.h"

namespace mobasim {

// The stacks in a folder, but for the file of their calibration there.
[[nodiscard]] FileList stack_files(const std::filesystem::path& folder);
// A row for each of a folder: what its calibration rests on, where it has one, and its constants. Throws ConfigError.
[[nodiscard]] Table stack_list(const std::filesystem::path& folder);

}  // namespace mobasim
