#include "sim/stack/stack_list.h"

#include "sim/stack/calibration.h"
#include "tests/catch.h"

namespace mobasim::tests::stack_list_test {
TEST_CASE("stacks are listed by their files, and the file of their calibration is none") {
  const std::filesystem::path folder = tests::source_folder() / "configs" / "stacks";
  const Table table = stack_list(folder);
  CHECK(table.rows.size() == stack_files(folder).size());
  CHECK(stack_files(folder).size() + 1 == yaml_files(folder).size());
  for (const std::vector<Cell>& row : table.rows) {
    CHECK(row.size() == table.columns.size());
    CHECK(std::get<std::string>(row[0]) != std::filesystem::path(kCalibrationFile).stem());
  }
}

}  // namespace mobasim::tests::stack_list_test
