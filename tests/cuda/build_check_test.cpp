// The kernels as nvcc compiled them for this build: registers, spills, local memory.
#include "tests/cuda/build_check.h"

#include <set>

#include "tests/catch.h"

namespace mobasim::tests::build_check_test {
namespace {

constexpr const char* kLog =
    "ptxas info    : Compiling entry function '_ZN1a3gpu1fIN1b4Bf16ELi64EEEvNS_1PE' for 'sm_80'\n"
    "ptxas info    : Function properties for _ZN1a3gpu1fIN1b4Bf16ELi64EEEvNS_1PE\n"
    "    16 bytes stack frame, 12 bytes spill stores, 20 bytes spill loads\n"
    "ptxas info    : Used 255 registers, used 1 barriers, 16 bytes cumulative stack size\n"
    "ptxas info    : Compiling entry function 'plain' for 'sm_90a'\n"
    "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
    "ptxas info    : Used 8 registers\n";

std::vector<AllowedSpill> spills_written_down() {
  return allowed_spills(CsvTable::read(source_folder() / "kernels/cuda/spills.csv"));
}

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

TEST_CASE("an array in local memory and a spill beyond any that is allowed are told, whatever nvcc it was") {
  std::vector<CompiledKernel> kernels = kernels_of_log(kLog);
  CHECK(kernel_violations(kernels) == "");
  kernels[0].stack_bytes = 24;
  CHECK(kernel_violations(kernels) == "f<Element, 64> for sm_80: 24 bytes of stack: an array in local memory\n");
  kernels[0].stack_bytes = 16;
  kernels[0].spill_loads_bytes = 101;
  CHECK(kernel_violations(kernels) == "f<Element, 64> for sm_80: 101 bytes spilled, more than 100\n");
}

TEST_CASE("a row of the table of spills has a reason, and no more than any may spill") {
  CHECK(table_violations(spills_written_down()) == "");
  CHECK(table_violations({{"13.0.88", "f<Element, 64>", 80, 100, "why"}}) == "");
  CHECK(table_violations({{"13.0.88", "f<Element, 64>", 80, 101, "why"}}).find("more than 100") != std::string::npos);
  CHECK(table_violations({{"13.0.88", "f<Element, 64>", 80, 20, ""}}).find("no reason") != std::string::npos);
}

TEST_CASE("kernels are held against the spills of the nvcc that compiled them") {
  const std::vector<CompiledKernel> kernels = kernels_of_log(kLog);
  const AllowedSpill row{"13.0.88", "f<Element, 64>", 80, 20, "why"};
  AllowedSpill less = row, older = row, other_kernel = row, other_architecture = row;
  less.bytes = 19;
  older.nvcc = "12.9.86";
  other_kernel.kernel = "g";
  other_architecture = other_kernel;
  other_architecture.architecture = 121;
  const auto differences = [&](const std::vector<AllowedSpill>& table) {
    const SpillCheck check = spill_check(kernels, "13.0.88", table);
    CHECK(check.nvcc == "13.0.88");
    return check.differences;
  };
  CHECK(differences({row}) == "");
  CHECK(differences({row, other_architecture}) == "");
  CHECK(differences({less}) == "f<Element, 64> for sm_80: 20 bytes spilled, 19 written down\n");
  CHECK(differences({older, other_architecture}) == "f<Element, 64> for sm_80: 20 bytes spilled, 0 written down\n");
  CHECK(differences({row, other_kernel}) == "spills.csv: g for sm_80: there is no such kernel\n");
}

TEST_CASE("kernels of an nvcc that the table of spills does not know are held against the nvcc written last") {
  const std::vector<CompiledKernel> kernels = kernels_of_log(kLog);
  const AllowedSpill older{"12.9.86", "f<Element, 64>", 80, 20, "why"},
      last{"13.0.88", "f<Element, 64>", 80, 19, "why"};
  const SpillCheck check = spill_check(kernels, "13.5.37", {older, last});
  CHECK(check.nvcc == "13.0.88");
  CHECK(check.differences == "f<Element, 64> for sm_80: 20 bytes spilled, 19 written down\n");
  CHECK(spill_check(kernels, "13.5.37", {}).differences.find("20 bytes spilled, 0 written down") != std::string::npos);
}

TEST_CASE("no kernel has an array in local memory, and none spills more than any may") {
  const std::vector<CompiledKernel> kernels = compiled_kernels(kernel_objects());
  std::set<int> architectures;
  for (const CompiledKernel& kernel : kernels) {
    INFO(kernel.name);
    CHECK(kernel.registers > 0);
    architectures.insert(kernel.architecture);
  }
  CHECK(architectures.contains(80));
  CHECK(architectures.contains(90));
  CHECK(kernel_violations(kernels) == "");
}

TEST_CASE("no kernel spills more than is written down for the nvcc that compiled it") {
  const std::vector<CompiledKernel> kernels = compiled_kernels(kernel_objects());
  const std::string nvcc = nvcc_build().version;
  const SpillCheck check = spill_check(kernels, nvcc, spills_written_down());
  if (check.nvcc != nvcc && check.differences != "") {
    const std::string warning = "spills.csv does not know nvcc " + nvcc + "; beside " + check.nvcc + ":\n";
    MOBASIM_SKIP((warning + check.differences).c_str());
  }
  CHECK(check.differences == "");
}

}  // namespace
}  // namespace mobasim::tests::build_check_test
