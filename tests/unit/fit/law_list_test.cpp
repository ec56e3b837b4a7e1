#include "fit/law_list.h"

#include "fit/loss_law.h"
#include "tests/catch.h"

namespace mobasim::tests::law_list_test {
TEST_CASE("every law is listed with its parameters") {
  const Table table = law_list();
  REQUIRE(table.rows.size() == law_names().size());
  CHECK(table.rows[0] == std::vector<Cell>{std::string("p2"), std::string("a b")});
}

}  // namespace mobasim::tests::law_list_test
