// NumPy's .npy files, as far as attend needs them: float32, C order, little endian. The format is described in NumPy's
// documentation, numpy.lib.format, versions 1.0, 2.0 and 3.0.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mobasim::kernels {

struct Array {
  std::vector<std::int64_t> shape;
  std::vector<float> values;  // last index fastest
};

// Throws ConfigError that names the file and what is wrong with it: no .npy file, cut short, too long, or of another
// dtype or order than float32 in C order.
[[nodiscard]] Array array_of_file(const std::filesystem::path& path);

// The content of a .npy file of version 1.0.
[[nodiscard]] std::string npy_content(const Array& array);

// "(2, 3, 4)", as NumPy prints it.
[[nodiscard]] std::string shape_text(const std::vector<std::int64_t>& shape);

}  // namespace mobasim::kernels
