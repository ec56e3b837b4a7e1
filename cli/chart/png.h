// An SVG file as a PNG, by the program rsvg-convert where it is installed.
#pragma once

#include <filesystem>

namespace mobasim::cli {

// False when rsvg-convert is not on the PATH. Throws std::system_error when it is and fails. The PNG appears whole or
// not at all.
bool write_png(const std::filesystem::path& svg_file, const std::filesystem::path& png_file);

}  // namespace mobasim::cli
