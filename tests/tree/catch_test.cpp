// tests/catch.h where the system's Catch2 is version 3: its names are looked up in the stand-in below, which has them
// where Catch2 3 has them (its docs/matchers.md and docs/comparing-floating-point-numbers.md) and nothing else.
#include "tests/catch.h"

#include "tests/tree/compiler.h"

namespace mobasim::tests::catch_test {
namespace {

constexpr const char* kCatch2Version3 = R"(#pragma once
#include <string>
namespace Catch {
enum class CaseSensitive { Yes, No };
struct Approx {
  explicit Approx(double value);
};
bool operator==(double, const Approx&);
namespace Matchers {
struct StringContainsMatcher {};
StringContainsMatcher ContainsSubstring(const std::string&, CaseSensitive = CaseSensitive::Yes);
int operator&&(const StringContainsMatcher&, const StringContainsMatcher&);
}
}
)";

TEST_CASE("what tests may name of Catch2 is there in version 3") {
  const ScratchFolder folder;
  put_file(folder / "version3/catch2/catch_all.hpp", kCatch2Version3);
  const Outcome outcome = outcome_of_compiler(
      "#include \"tests/catch.h\"\n"
      "bool close(double a) { return a == Approx(1.0); }\n"
      "auto both() { return ContainsSubstring(\"a\") && ContainsSubstring(\"b\"); }\n"
      "void skip() { MOBASIM_SKIP(\"no reason\"); }\n",
      folder.path(), "-Iversion3 -DMOBASIM_SOURCE_FOLDER='\"\"'");
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
}

}  // namespace
}  // namespace mobasim::tests::catch_test
