#include "sim/attention/attention_list.h"

#include "sim/attention/attention.h"
#include "tests/catch.h"

namespace mobasim::tests::attention_list_test {
TEST_CASE("every mechanism is listed, and full attention attends to half of the sequence") {
  const Table table = attention_list();
  REQUIRE(table.rows.size() == attention_mechanisms().size());
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    REQUIRE(table.rows[i].size() == table.columns.size());
    CHECK(std::get<std::string>(table.rows[i][0]) == name(attention_mechanisms()[i]));
  }
  CHECK(table.columns[3] == "keys_per_query_8192");
  CHECK(std::get<std::string>(table.rows[0][0]) == "full");
  CHECK(std::get<double>(table.rows[0][3]) == (8192 + 1) / 2.0);
}

}  // namespace mobasim::tests::attention_list_test
