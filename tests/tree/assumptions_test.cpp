// An assumption that the code makes is written down once.
#include "tests/tree/assumptions.h"

#include <string>

#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::assumptions_test {
namespace {

TEST_CASE("every assumption cited in code is defined once in docs/method") {
  std::string violations;
  for (const std::string& violation : assumption_violations(source_folder())) violations += violation + "\n";
  CHECK(violations == "");
}

TEST_CASE("an assumption without a definition, with two or without its line in the list is reported with its place") {
  const ScratchFolder tree;
  put_file(tree / "sim/step.cpp", "int a;  // A20, and A21\nint h100;  // of an A100\n");
  put_file(tree / "docs/method/simulator.md", "**A20.** One.\n\nA21 is spoken of here.\n- **A22** Two.\n");
  put_file(tree / "docs/method/laws.md", "- **A22.** Twice.\n* **A23.** Three.\n");
  put_file(tree / "docs/method.md", "| A20 | one |\n| A22 | two |\n");
  const std::vector<std::string> found = assumption_violations(tree.path());
  REQUIRE(found.size() == 3);
  CHECK(found[0].starts_with("sim/step.cpp:1: A21 "));
  CHECK(found[1].find("A22 is defined already") != std::string::npos);
  CHECK(found[2].starts_with("docs/method/laws.md:2: A23 "));
}

}  // namespace
}  // namespace mobasim::tests::assumptions_test
