// The constants of the stacks that were fitted to measured runs: one file, which `mobasim calibrate` writes, with an
// entry for each stack (docs/config/stacks.md).
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "sim/stack/stack.h"

namespace mobasim {

inline constexpr std::string_view kCalibrationFile = "calibration.yaml";  // beside the policies
// How a file that `mobasim calibrate` wrote begins, and each entry in it, before the stack's name.
inline constexpr std::string_view kCalibrationHead =
    "# Written by `mobasim calibrate`: fitted constants of the stacks, and what they rest on.\n";
inline constexpr std::string_view kCalibrationEntry = "  - name: ";

// Sets constants and evidence from a calibration. Throws ConfigError, also for an entry of another stack.
void calibrate(std::vector<Stack>& stacks, const std::filesystem::path& calibration);
// The same for one stack, whose constants and evidence stay as they are without an entry. The entries of others are
// not read where `mobasim calibrate` wrote the file.
void calibrate(Stack& stack, const std::filesystem::path& calibration);

}  // namespace mobasim
