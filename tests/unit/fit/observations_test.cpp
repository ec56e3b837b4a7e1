#include "fit/observations.h"

#include <string>

#include "sim/base/error.h"
#include "tests/catch.h"

using namespace mobasim;

namespace {

// The message of the ConfigError that selecting from `csv` throws; "" if it throws none.
std::string complaint(const std::string& csv, const Selection& selection) {
  try {
    (void)observations_from(CsvTable::from_text(csv, "d.csv"), selection);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const Selection kXAndLoss{.x = "c", .loss = "l"};

}  // namespace

TEST_CASE("Groups and runs come in the order of first appearance") {
  const auto table = CsvTable::from_text("g,r,c,l\nb,1,1,3\na,1,1,2\nb,2,2,2.5\nb,1,3,2.2\n", "d.csv");
  const Observations found = observations_from(table, {.x = "c", .loss = "l", .by = {"g"}, .run = {"r"}});
  REQUIRE(found.groups.size() == 2);
  CHECK(found.groups[0].key == std::vector<std::string>{"b"});
  CHECK(found.groups[1].key == std::vector<std::string>{"a"});
  REQUIRE(found.groups[0].runs.size() == 2);
  CHECK(found.groups[0].runs[0].key == std::vector<std::string>{"1"});
  REQUIRE(found.groups[0].runs[0].points.size() == 2);
  CHECK(found.groups[0].runs[0].points[1].loss == 2.2);
}

TEST_CASE("Values that would run together as one text stay apart") {
  const auto table = CsvTable::from_text("g,h,c,l\nab,c,1,3\na,bc,1,2\n", "d.csv");
  CHECK(observations_from(table, {.x = "c", .loss = "l", .by = {"g", "h"}}).groups.size() == 2);
}

TEST_CASE("Without run columns a row is a run, or the group is one, as asked") {
  const auto table = CsvTable::from_text("c,l\n1,3\n2,2\n3,1\n", "d.csv");
  CHECK(observations_from(table, kXAndLoss).groups.at(0).runs.size() == 3);
  Selection selection = kXAndLoss;
  selection.without_run_columns = WithoutRunColumns::each_group_is_a_run;
  CHECK(observations_from(table, selection).groups.at(0).runs.size() == 1);
}

TEST_CASE("Rows without a loss are dropped and counted, whatever else they hold") {
  const auto table = CsvTable::from_text("c,l\n1,3\n2,\nnan,\n3,1\n", "d.csv");
  const Observations found = observations_from(table, kXAndLoss);
  CHECK(found.dropped_empty == 2);
  CHECK(found.groups.at(0).runs.size() == 2);
}

TEST_CASE("Conditions compare numbers as numbers and all else as text") {
  const auto table = CsvTable::from_text("size,kind,c,l\n5.45e8,x,1,3\n545000000,y,2,2\n1e9,x,3,1\n", "d.csv");
  Selection selection = kXAndLoss;
  selection.where = {"size=545e6"};
  CHECK(observations_from(table, selection).groups.at(0).runs.size() == 2);
  selection.where = {"size=545e6", "kind=x"};
  CHECK(observations_from(table, selection).groups.at(0).runs.size() == 1);
}

TEST_CASE("A bad number is reported at its place") {
  for (const std::string bad : {"nan", "inf", "-1", "0", "two", "1e999"}) {
    CHECK(contains(complaint("c,l\n1,3\n2," + bad + "\n", kXAndLoss), "d.csv:3:3: "));
    CHECK(contains(complaint("c,l\n1,3\n" + bad + ",2\n", kXAndLoss), "d.csv:3:1: "));
  }
  CHECK(contains(complaint("c,l\n1,3\n,2\n", kXAndLoss), "d.csv:3:1: "));
}

TEST_CASE("A selection that the table cannot serve is refused with what it holds") {
  CHECK(contains(complaint("c,l\n1,3\n", {.x = "compute", .loss = "l"}), "compute"));
  CHECK(contains(complaint("c,l\n,\n", kXAndLoss), "no row is left"));
  Selection selection = kXAndLoss;
  selection.where = {"kind=mobba"};
  CHECK(contains(complaint("kind,c,l\nmoba,1,3\nfull,1,3\n", selection), "moba, full"));
  selection.where = {"kind"};
  CHECK(contains(complaint("kind,c,l\nmoba,1,3\n", selection), "COL=VALUE"));
  selection.where = {};
  selection.by = {"kind", "kind"};
  CHECK(contains(complaint("kind,c,l\nmoba,1,3\n", selection), "twice"));
}

TEST_CASE("Point rules are read, and refused with what would be right") {
  CHECK(point_rule_from("all").kind == PointRule::Kind::all);
  CHECK(point_rule_from("last").kind == PointRule::Kind::last);
  CHECK(point_rule_from("tail:0.05").kind == PointRule::Kind::tail);
  CHECK(point_rule_from("tail:0.05").tail == 0.05);
  for (const std::string bad :
       {"", "first", "tail", "tail:", "tail:0", "tail:-0.1", "tail:5", "tail:nan", "tail:0.05x"}) {
    CHECK_THROWS_AS(point_rule_from(bad), ConfigError);
  }
}

TEST_CASE("The tail of a run is what lies near its largest x, in whatever order the file has it") {
  const TrainingRun run{{}, {{1, 5}, {100, 2}, {95, 2.1}, {94, 2.2}, {100, 1.9}}};
  const auto tail = chosen_points(run, {PointRule::Kind::tail, 0.05});
  REQUIRE(tail.size() == 3);
  CHECK(tail[1].x == 95);
  CHECK(chosen_points(run, {PointRule::Kind::all, 0}).size() == 5);
  const auto last = chosen_points(run, {PointRule::Kind::last, 0});
  REQUIRE(last.size() == 1);
  CHECK(last[0].loss == 1.9);
  CHECK(chosen_points(RunGroup{{}, {run, run}}, {PointRule::Kind::last, 0}).size() == 2);
}

TEST_CASE("Compute that goes down gives away several runs taken for one") {
  CHECK_FALSE(first_descent({{}, {{1, 3}, {2, 2}, {2, 2}}}));
  CHECK(first_descent({{}, {{1, 3}, {2, 2}, {1, 3}}}) == std::optional<std::size_t>(2));
}

TEST_CASE("A million rows are sorted into their runs") {
  std::string csv = "g,r,c,l\n";
  constexpr int kRows = 1000000;
  for (int i = 0; i < kRows; ++i) {
    csv += "g" + std::to_string(i % 7) + ",r" + std::to_string(i % 11) + "," + std::to_string(i + 1) + ",2.5\n";
  }
  const Observations found =
      observations_from(CsvTable::from_text(csv, "d.csv"), {.x = "c", .loss = "l", .by = {"g"}, .run = {"r"}});
  REQUIRE(found.groups.size() == 7);
  std::size_t points = 0;
  for (const RunGroup& group : found.groups) {
    CHECK(group.runs.size() == 11);
    points += chosen_points(group, {}).size();
  }
  CHECK(points == kRows);
}
