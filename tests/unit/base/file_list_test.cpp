#include "sim/base/file_list.h"

#include "sim/base/error.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::file_list_test {
TEST_CASE("all files of a list that cannot be read are reported at once, and no folder is an empty list") {
  const tests::ScratchFolder folder;
  tests::put_file(folder / "a.yaml", "source: book\n");
  tests::put_file(folder / "b.yaml", "other: 1\n");
  tests::put_file(folder / "c.yaml", "other: 1\n");
  tests::put_file(folder / "d.csv", "");
  REQUIRE(yaml_files(folder.path()).size() == 3);
  CHECK(yaml_files(folder / "nothing").empty());
  const Table one = source_list({folder / "a.yaml"});
  CHECK(one.rows == std::vector<std::vector<Cell>>{{std::string("a"), std::string("book")}});
  try {
    (void)source_list(yaml_files(folder.path()));
    FAIL("accepted");
  } catch (const ConfigError& error) {
    CHECK(error.problems().size() == 2);
  }
}

}  // namespace mobasim::tests::file_list_test
