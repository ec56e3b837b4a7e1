// tools/test-ptx.sh where it has nothing to run.
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::ptx_script_test {
namespace {

Outcome outcome_of_ptx_test(const std::string& cache) {
  const ScratchFolder folder;
  put_file(folder / "build/CMakeCache.txt", cache);
  return outcome_of_shell("MOBASIM_PTX_EMULATOR=. sh " +
                              quoted_for_shell((source_folder() / "tools/test-ptx.sh").string()) + " build build",
                          folder.path());
}

TEST_CASE("the PTX is not tested where nvcc was not found or not wanted, stand-in or not") {
  const std::string not_found = "CMAKE_CUDA_COMPILER:FILEPATH=NOTFOUND\nMOBASIM_HAS_CUDA:INTERNAL=OFF\n";
  const std::string not_wanted = "CMAKE_CUDA_COMPILER:FILEPATH=/bin/nvcc\nMOBASIM_HAS_CUDA:INTERNAL=OFF\n";
  for (const std::string& cache : {not_found, not_wanted}) {
    const Outcome outcome = outcome_of_ptx_test(cache);
    INFO(cache << outcome.err);
    CHECK(outcome.exit_code == 77);
    CHECK(outcome.err.find("build is built without nvcc") != std::string::npos);
  }
}

}  // namespace
}  // namespace mobasim::tests::ptx_script_test
