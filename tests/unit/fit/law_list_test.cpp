#include "fit/law_list.h"

#include "fit/loss_law.h"
#include "tests/catch.h"

using namespace mobasim;

TEST_CASE("every law is listed with its parameters") {
  const Table table = law_list();
  REQUIRE(table.rows.size() == law_names().size());
  CHECK(table.rows[0] == std::vector<Cell>{std::string("p2"), std::string("a b")});
}
