// The kernels as nvcc compiled them for this build: registers, spills, local memory.
#include "tests/cuda/build_check.h"

#include <set>

#include "tests/catch.h"

namespace mobasim::tests {
namespace {

constexpr const char* kLog =
    "ptxas info    : Compiling entry function '_ZN1a3gpu1fIN1b4Bf16ELi64EEEvNS_1PE' for 'sm_80'\n"
    "ptxas info    : Function properties for _ZN1a3gpu1fIN1b4Bf16ELi64EEEvNS_1PE\n"
    "    16 bytes stack frame, 12 bytes spill stores, 20 bytes spill loads\n"
    "ptxas info    : Used 255 registers, used 1 barriers, 16 bytes cumulative stack size\n"
    "ptxas info    : Compiling entry function 'plain' for 'sm_90a'\n"
    "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
    "ptxas info    : Used 8 registers\n";

TEST_CASE("the text of ptxas is read") {
  const std::vector<CompiledKernel> kernels = kernels_of_log(kLog);
  REQUIRE(kernels.size() == 2);
  CHECK(kernels[0].name == "f<Element, 64>");
  CHECK(kernels[0].architecture == 80);
  CHECK(kernels[0].registers == 255);
  CHECK(kernels[0].stack_bytes == 16);
  CHECK(kernels[0].spill_stores_bytes == 12);
  CHECK(kernels[0].spill_loads_bytes == 20);
  CHECK(kernels[1].name == "plain");
  CHECK(kernels[1].architecture == 90);
}

TEST_CASE("each broken rule of the build check is told") {
  const std::vector<CompiledKernel> kernels = kernels_of_log(kLog);
  CHECK(build_violations(kernels, {{"f<Element, 64>", 80, 20, "why"}}) == "");
  CHECK(build_violations(kernels, {}) == "f<Element, 64> for sm_80: 20 bytes spilled, 0 written down\n");
  CHECK(build_violations(kernels, {{"f<Element, 64>", 80, 19, "why"}}) != "");
  CHECK(build_violations(kernels, {{"f<Element, 64>", 80, 101, "why"}}).find("more than 100") != std::string::npos);
  CHECK(build_violations(kernels, {{"f<Element, 64>", 80, 20, ""}}).find("no reason") != std::string::npos);
  CHECK(build_violations(kernels, {{"f<Element, 64>", 80, 20, "why"}, {"g", 90, 4, "why"}}).find("no such kernel") !=
        std::string::npos);
  std::vector<CompiledKernel> with_array = kernels;
  with_array[0].stack_bytes = 24;
  CHECK(build_violations(with_array, {{"f<Element, 64>", 80, 20, "why"}}).find("local memory") != std::string::npos);
}

TEST_CASE("no kernel spills more than is written down, and none has arrays in local memory") {
  const std::vector<CompiledKernel> kernels = compiled_kernels(kernel_objects());
  std::set<int> architectures;
  for (const CompiledKernel& kernel : kernels) {
    INFO(kernel.name);
    CHECK(kernel.registers > 0);
    architectures.insert(kernel.architecture);
  }
  CHECK(architectures.contains(80));
  CHECK(architectures.contains(90));
  CHECK(build_violations(kernels, allowed_spills(CsvTable::read(source_folder() / "kernels/cuda/spills.csv"))) == "");
}

}  // namespace
}  // namespace mobasim::tests
