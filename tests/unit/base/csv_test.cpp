#include "sim/base/csv.h"

#include <cmath>
#include <filesystem>
#include <limits>
#include <random>

#include "sim/base/file.h"
#include "sim/base/table.h"
#include "sim/base/text.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::csv_test {
namespace {
std::string problem_of(const char* csv) {
  try {
    (void)CsvTable::from_text(csv, "t.csv");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}
}  // namespace

TEST_CASE("fields are read as RFC 4180 says") {
  const CsvTable table = CsvTable::from_text("# a comment\r\na,b,c\r\n1,\"x, \"\"y\"\"\nz\",\r\n2,,3", "t.csv");
  REQUIRE(table.rows() == 2);
  CHECK(table.columns() == std::vector<std::string>{"a", "b", "c"});
  CHECK(table.text(0, 1) == "x, \"y\"\nz");
  CHECK(table.empty(0, 2));
  CHECK(table.number(1, 2) == 3);
  CHECK(table.where(0, 1).line == 3);
  CHECK(table.where(0, 1).column == 3);
  CHECK(table.line(0) == 3);
  CHECK(table.line(1) == 5);
  CHECK(table.where(1, 2).line == 5);  // the quoted field of the row before spans two lines
}

TEST_CASE("malformed CSV is refused at its place") {
  CHECK(problem_of("") == "t.csv: this file is empty; a CSV header is wanted");
  CHECK(problem_of("a,b\n1\n") == "t.csv:2:1: 1 fields; the header has 2");
  CHECK(problem_of("a,a\n1,2\n") == "t.csv:1:3: the column 'a' stands twice");
  CHECK(problem_of("a,b\n1,\"x\n") == "t.csv:2:3: this quoted field is never closed");
  CHECK(problem_of("a,b\n1,\"x\"y\n").find("t.csv:2:3: after a quoted field") == 0);
}

TEST_CASE("a cell that is no finite number is named with its place") {
  const CsvTable table = CsvTable::from_text("x\nnan\n1e999\n0x10\n12abc\n", "t.csv");
  for (std::size_t row = 0; row < table.rows(); ++row) CHECK_THROWS_AS(table.number(row, 0), ConfigError);
  CHECK_THROWS_WITH(table.number(3, 0), "t.csv:5:1: column 'x': '12abc' is no finite number");
  CHECK_THROWS_WITH(table.column("y"), "t.csv:1: there is no column 'y' (did you mean 'x'?); the columns are: x");
}

TEST_CASE("a table written as CSV reads back to the same doubles") {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> exponent(-300, 300), mantissa(1, 10);
  Table table{{"name", "value"}, {}};
  for (int i = 0; i < 1000; ++i)
    table.rows.push_back({std::string("a,\"b\"\n"), mantissa(random) * std::pow(10, exponent(random))});
  const CsvTable read = CsvTable::from_text(rendered(table, TableFormat::csv), "t.csv");
  REQUIRE(read.rows() == 1000);
  for (std::size_t row = 0; row < 1000; ++row) {
    CHECK(read.number(row, 1) == std::get<double>(table.rows[row][1]));
    CHECK(read.text(row, 0) == "a,\"b\"\n");
  }
}

TEST_CASE("the forms of a table") {
  const Table table{{"name", "x", "n", "ok"}, {{std::string("a \"q\""), 0.1, std::int64_t{3}, true}, {{}, {}, {}, {}}}};
  CHECK(rendered(table, TableFormat::csv) == "name,x,n,ok\n\"a \"\"q\"\"\",0.1,3,true\n,,,\n");
  CHECK(rendered(table, TableFormat::json) ==
        "[\n  {\"name\": \"a \\\"q\\\"\", \"x\": 0.1, \"n\": 3, \"ok\": true},\n"
        "  {\"name\": null, \"x\": null, \"n\": null, \"ok\": null}\n]\n");
}

TEST_CASE("a file is written whole or not at all") {
  const tests::ScratchFolder scratch;
  const std::filesystem::path folder = scratch / "deep" / "down";
  make_directories(folder);
  write_file(folder / "a.txt", "first");
  write_file(folder / "a.txt", "second");
  CHECK(text_of_file(folder / "a.txt") == "second");
  CHECK_THROWS_AS(write_file(folder / "a.txt" / "b", "x"), std::system_error);
  CHECK_THROWS_AS(write_file(folder, "x"), std::system_error);
  CHECK_THROWS_AS(make_directories(folder / "a.txt" / "d"), std::system_error);
  CHECK_THROWS_AS(text_of_file(folder), ConfigError);
  CHECK(std::distance(std::filesystem::directory_iterator(folder), {}) == 1);  // no temporary file left behind
}

TEST_CASE("the nearest word is a likely slip or nothing") {
  CHECK(nearest("blok", {"block", "top_k"}) == "block");
  CHECK_FALSE(nearest("sequence", {"block", "top_k"}).has_value());
}

}  // namespace mobasim::tests::csv_test
