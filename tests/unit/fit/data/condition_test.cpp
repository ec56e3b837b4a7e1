#include "fit/data/condition.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/error.h"
#include "tests/catch.h"

namespace mobasim::tests::condition_test {
namespace {

const std::string kTable = "kind,step\nmoba,1\nfull,10\nfull,1e1\n,\nmoba,20\n";

// The rows that meet the conditions, as a text of their numbers.
std::string rows(const std::vector<std::string>& conditions, const std::string& csv = kTable) {
  const CsvTable table = CsvTable::from_text(csv, "d.csv");
  const RowFilter filter(table, conditions);
  std::string found;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const RowFilter::Answer answer = filter(row);
    if (answer == RowFilter::Answer::unclear) found += '?';
    if (answer == RowFilter::Answer::in) found += std::to_string(row);
  }
  return found;
}

std::string complaint(const std::vector<std::string>& conditions, const std::string& csv = kTable) {
  try {
    (void)rows(conditions, csv);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("Every relation keeps the rows that it names") {
  CHECK(rows({}) == "01234");
  CHECK(rows({"step=10"}) == "12");
  CHECK(rows({"step!=10"}) == "034");
  CHECK(rows({"step<=10"}) == "012");
  CHECK(rows({"step>=10"}) == "124");
  CHECK(rows({"step<10"}) == "0");
  CHECK(rows({"step>10"}) == "4");
  CHECK(rows({"kind!=moba"}) == "123");
  CHECK(rows({"kind="}) == "3");
  CHECK(rows({"step>1", "step<2e1", "kind=full"}) == "12");
}

TEST_CASE("A relation and its opposite share out the rows that have a number") {
  const std::string numbers = rows({"step!="});
  for (const std::string bound : {"0.5", "1", "10", "15"}) {
    for (const auto& [one, other] : {std::pair{"<=", ">"}, {">=", "<"}}) {
      std::string both;
      for (const std::string relation : {one, other}) {
        if (complaint({"step" + relation + bound}).empty()) both += rows({"step" + relation + bound});
      }
      std::sort(both.begin(), both.end());
      CHECK(both == numbers);
    }
  }
}

TEST_CASE("A value may hold the signs of relations") {
  CHECK(rows({"k=a<=b"}, "k\na<=b\nc\n") == "0");
  CHECK(rows({"k!=a=b"}, "k\na=b\nc\n") == "1");
}

TEST_CASE("Where sizes are compared a word is unclear, unless the row is out anyway") {
  const std::string csv = "kind,step\na,1\na,soon\nb,soon\na,nan\na,\n";
  CHECK(rows({"step>=1"}, csv) == "0???");
  CHECK(rows({"step>=1", "kind=a"}, csv) == "0??");
  const CsvTable table = CsvTable::from_text(csv, "d.csv");
  CellProblems problems(table);
  RowFilter(table, {"step>=1"}).tell_unclear(1, problems);
  CHECK_THROWS_WITH(problems.throw_if_any(), "d.csv:3:3: step>=1 compares numbers, and 'soon' is no finite number");
}

TEST_CASE("What is no condition, or one that no row meets, is refused with what would do") {
  for (const std::string bad : {"", "step", "=1", "<1", "!=2", "!"}) {
    CHECK(contains(complaint({bad}), "'" + bad + "' is no condition: COL=VALUE expected"));
  }
  CHECK(complaint({"step<=ten"}) == "'step<=ten' is no condition: a number is wanted after <=");
  CHECK(complaint({"step>"}) == "'step>' is no condition: a number is wanted after >");
  CHECK(contains(complaint({"stp>1"}), "there is no column 'stp' (did you mean 'step'?)"));
  CHECK(complaint({"step>20"}) == "d.csv: no row has step>20; the column 'step' goes from 1 to 20");
  CHECK(complaint({"kind<1"}) == "d.csv: no row has kind<1; the column 'kind' holds no number");
  CHECK(complaint({"kind=mobba"}) ==
        "d.csv: no row has kind=mobba; the column 'kind' holds moba, full,  (did you mean 'moba'?)");
  CHECK(complaint({"k!=a"}, "k\na\na\n") == "d.csv: no row has k!=a; the column 'k' holds a");
}

}  // namespace mobasim::tests::condition_test
