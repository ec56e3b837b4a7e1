#include "tests/cuda/nvcc_build.h"

namespace mobasim::tests {

NvccBuild nvcc_build() { return {MOBASIM_NVCC_VERSION, MOBASIM_BUILD_FOLDER}; }

}  // namespace mobasim::tests
