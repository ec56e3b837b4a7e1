#include "fit/data/targets.h"

#include <string>
#include <vector>

#include "sim/base/error.h"
#include "tests/catch.h"

namespace mobasim::tests::targets_test {
namespace {

std::string complaint(const std::string& text, std::size_t inputs) {
  try {
    (void)targets_from(text, inputs);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

std::string complaint_of_csv(const std::string& csv, const Selection& selection) {
  try {
    (void)targets_from(CsvTable::from_text(csv, "t.csv"), selection);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

const Selection kCompute{.x = "c", .loss = "l", .by = {"g", "h"}};
const Selection kTwo{.loss = "l", .parameters = "n", .tokens = "d"};

}  // namespace

TEST_CASE("Targets are read from a list, for one input or for two") {
  const auto one = targets_from("6e9, 1e+10,2.5", 1);
  REQUIRE(one.size() == 3);
  CHECK(one[0].x == std::vector<double>{6e9});
  CHECK(one[1].x == std::vector<double>{1e10});
  CHECK_FALSE(one[0].observed);
  CHECK(one[0].key.empty());
  const auto two = targets_from("7e9:140e9,1.3e10:2.6e11", 2);
  REQUIRE(two.size() == 2);
  CHECK(two[1].x == std::vector<double>{1.3e10, 2.6e11});
}

TEST_CASE("A target that is none is refused with one that would do") {
  for (const std::string bad : {"", "6B", "0", "-1", "nan", "inf", "1e999"}) {
    CHECK(complaint(bad, 1) == "'" + bad + "': a number above 0 is wanted, as in 6e9");
    CHECK(complaint("1," + bad, 1) == "'" + bad + "': a number above 0 is wanted, as in 6e9");
  }
  CHECK(complaint("7e9:1e10", 1) == "'7e9:1e10': a number above 0 is wanted, as in 6e9; the law has one input");
  for (const std::string bad : {"", "7e9", "7e9:", ":7e9", "7e9:0", "1:2:3", "1:2:x", "7e9:20x"}) {
    CHECK(complaint(bad, 2) == "'" + bad + "': parameters:tokens are wanted, two numbers above 0, as in 7e9:140e9");
  }
}

TEST_CASE("Targets of a file are its inputs, with what was observed where it says so") {
  const std::string csv = "d,n,l,split\n20,1,3,a\n40,2,,a\n80,4,2,b\n";
  const auto targets = targets_from(CsvTable::from_text(csv, "t.csv"), kTwo);
  REQUIRE(targets.size() == 3);
  CHECK(targets[0].x == std::vector<double>{1, 20});
  CHECK(targets[0].observed == std::optional<double>(3));
  CHECK_FALSE(targets[1].observed);
  Selection selection = kTwo;
  selection.where = {"split=b"};
  CHECK(targets_from(CsvTable::from_text(csv, "t.csv"), selection).size() == 1);
  // Without the loss column nothing was observed; without its name neither.
  CHECK_FALSE(targets_from(CsvTable::from_text("n,d\n1,2\n", "t.csv"), kTwo).at(0).observed);
  selection = kTwo;
  selection.loss.clear();
  CHECK_FALSE(targets_from(CsvTable::from_text(csv, "t.csv"), selection).at(0).observed);
}

TEST_CASE("A target belongs to the group of its key, or to every group") {
  const auto keyed = targets_from(CsvTable::from_text("g,h,c\na,x,1\na,y,2\nb,x,3\na,x,4\n", "t.csv"), kCompute);
  const auto of_ax = targets_of(keyed, {"a", "x"});
  REQUIRE(of_ax.size() == 2);
  CHECK(of_ax[1].x == std::vector<double>{4});
  CHECK(targets_of(keyed, {"c", "x"}).empty());
  CHECK(keys_without_group(keyed, {{{"a", "x"}, {}}, {{"a", "y"}, {}}}) == std::vector<std::string>{"b, x"});
  const auto free = targets_from(CsvTable::from_text("c\n1\n2\n", "t.csv"), kCompute);
  CHECK(targets_of(free, {"a", "x"}).size() == 2);
  CHECK(keys_without_group(free, {}).empty());
}

TEST_CASE("A file of targets that cannot be served is refused with the place") {
  CHECK(complaint_of_csv("g,c\na,1\n", kCompute) ==
        "t.csv: of the columns that tell groups apart it has g and lacks h: all are wanted, or none");
  CHECK(complaint_of_csv("c\n1\n0\n", kCompute) == "t.csv:3:1: 'c' is 0: a number above 0 is wanted");
  CHECK(complaint_of_csv("c\n1\n\"\"\n", kCompute) == "t.csv:3:1: column 'c': '' is no finite number");
  CHECK(complaint_of_csv("c,l\n1,-2\n", kCompute) == "t.csv:2:3: 'l' is -2: a number above 0 is wanted");
  CHECK(complaint_of_csv("c\n", kCompute) == "t.csv: no row of its 0 asks for anything");
  CHECK(complaint_of_csv("n,l\n1,2\n", kTwo).find("t.csv:1: there is no column 'd'") == 0);
  Selection selection = kCompute;
  selection.where = {"c>9"};
  CHECK(complaint_of_csv("c\n1\n", selection) == "t.csv: no row has c>9; the column 'c' goes from 1 to 1");
}

TEST_CASE("A list of losses is one of numbers above 0") {
  CHECK(positive_numbers_from("3.1, 2") == std::vector<double>{3.1, 2});
  for (const std::string bad : {"", "3,", "x", "-1", "3;2"}) CHECK_THROWS_AS(positive_numbers_from(bad), ConfigError);
}

}  // namespace mobasim::tests::targets_test
