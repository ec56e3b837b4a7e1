// What the build left behind of nvcc. It is linked to the tests and not compiled into them, so that the same tests run
// as where there was no nvcc, too.
#pragma once

#include <filesystem>
#include <string>

namespace mobasim::tests {

struct NvccBuild {
  std::string version;           // of nvcc, as 13.0.88; "": there was none
  std::filesystem::path folder;  // of the build
};

NvccBuild nvcc_build();

}  // namespace mobasim::tests
