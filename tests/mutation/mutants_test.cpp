// Verification is worth what it catches.
#include "kernels/verify/mutants.h"

#include <cstdio>
#include <string>
#include <vector>

#include "sim/base/file.h"
#include "tests/catch.h"

namespace mobasim::tests::mutants_test {
namespace {

using namespace kernels;

TEST_CASE("every planted bug of the CUDA kernels is caught") {
  const std::vector<verify::Mutant> list = verify::mutants();
  const std::vector<verify::MutantOutcome> outcomes = verify::outcomes_of(list);
  std::string survivors;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (outcomes[i].caught_by.empty()) survivors += list[i].name + "\n";
  }
  std::printf("%s", rendered(verify::mutant_table(list, outcomes), TableFormat::text).c_str());
  CHECK(survivors == "");
  const std::string documented = text_of_file(source_folder() / "docs/kernels.md");
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].bug == simt::Bug::none) continue;
    INFO(list[i].name << " is caught by " << outcomes[i].caught_by << ": docs/kernels.md says otherwise");
    const std::size_t row = documented.find("| `" + list[i].name + "` |");
    REQUIRE(row != std::string::npos);
    CHECK(documented.substr(row, documented.find('\n', row) - row).ends_with("| " + outcomes[i].caught_by + " |"));
  }
  CHECK(list.size() >= 60);
}

TEST_CASE("the cases of the mutants pass where nothing is planted") {
  const verify::MutantOutcome clean = verify::outcomes_of({{"nothing", {}, simt::Bug::none}}).front();
  INFO(clean.case_name << ": " << clean.caught_by);
  CHECK(clean.caught_by == "");
}

}  // namespace
}  // namespace mobasim::tests::mutants_test
