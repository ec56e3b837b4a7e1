#include "fit/data/observations.h"

#include <cmath>
#include <string>

#include "sim/base/error.h"
#include "tests/catch.h"

namespace mobasim::tests::observations_test {
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
  CHECK(point_rule_from("tail:0.05").fraction == 0.05);
  CHECK(point_rule_from("mean:0.1").kind == PointRule::Kind::mean);
  CHECK(point_rule_from("after:0.2").kind == PointRule::Kind::after);
  CHECK(point_rule_from("after:0.2").fraction == 0.2);
  for (const std::string bad : {"", "first", "tail", "tail:", "tail:0", "tail:-0.1", "tail:5", "tail:nan", "tail:0.05x",
                                "mean", "mean:0", "meant:0.1", "after:1.5", "after0.1"}) {
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

TEST_CASE("The mean of a tail is one point that stands for all of them") {
  const TrainingRun run{{}, {{50, 9, 0, 1, 2}, {100, 2, 0, 1, 3}, {96, 8, 0, 4, 4}}};
  const auto mean = chosen_points(run, {PointRule::Kind::mean, 0.05});
  REQUIRE(mean.size() == 1);
  CHECK(mean[0].loss == Approx(4));
  CHECK(mean[0].x == Approx(std::sqrt(9600.0)));
  CHECK(mean[0].weight == 2.5);
  CHECK(mean[0].line == 3);  // of the largest x
  CHECK(mean[0].tokens == 0);
  const TrainingRun equal{{}, {{7, 3, 70}, {7, 3, 71}}};
  CHECK(chosen_points(equal, {PointRule::Kind::mean, 1}).at(0).loss == Approx(3));
  CHECK(chosen_points(equal, {PointRule::Kind::mean, 1}).at(0).tokens == Approx(std::sqrt(70.0 * 71)));
}

TEST_CASE("What is before the warm-up's end and what is after it make up the run") {
  const TrainingRun run{{}, {{1, 5}, {10, 4}, {20, 3}, {100, 2}}};
  CHECK(chosen_points(run, {PointRule::Kind::after, 0.1}).size() == 3);
  CHECK(chosen_points(run, {PointRule::Kind::after, 0.1})[0].x == 10);
  CHECK(chosen_points(run, {PointRule::Kind::after, 1}).size() == 1);
  CHECK(chosen_points(run, {PointRule::Kind::after, 0.8}).size() ==
        chosen_points(run, {PointRule::Kind::tail, 0.2}).size());
}

TEST_CASE("With parameters and tokens a run grows in tokens, whatever its parameters") {
  const auto table = CsvTable::from_text("n,d,l,w\n5,1,3,2\n4,100,2,1\n5,96,2.5,1\n", "d.csv");
  const Observations found = observations_from(table, {.loss = "l",
                                                       .without_run_columns = WithoutRunColumns::each_group_is_a_run,
                                                       .parameters = "n",
                                                       .tokens = "d",
                                                       .weight = "w"});
  const TrainingRun& run = found.groups.at(0).runs.at(0);
  REQUIRE(run.points.size() == 3);
  CHECK(run.points[0].x == 5);
  CHECK(run.points[0].tokens == 1);
  CHECK(run.points[0].weight == 2);
  CHECK(run.points[1].line == 3);
  CHECK(largest_x(run) == 100);
  CHECK(first_descent(run) == std::optional<std::size_t>(2));
  CHECK(chosen_points(run, {PointRule::Kind::tail, 0.05}).size() == 2);
  CHECK(chosen_points(run, {PointRule::Kind::last, 0}).at(0).x == 4);
  Selection selection{.loss = "l", .parameters = "n", .tokens = "d", .weight = "w"};
  CHECK(contains(complaint("n,d,l,w\n1,1,1,1\n1,0,2,1\n", selection), "d.csv:3:3: 'd' is 0: a number above 0"));
  CHECK(contains(complaint("n,d,l,w\n1,1,1,0\n", selection), "d.csv:2:7: 'w' is 0"));
  CHECK(contains(complaint("n,d,l,w\n1,1,1,\n", selection), "d.csv:2:7: column 'w': '' is no finite number"));
}

TEST_CASE("Runs of one cluster value are marked, and no run is in two clusters") {
  const std::string csv = "r,k,c,l\nx,s,1,3\nx,s,2,2\ny,s,1,3\nz,t,1,3\n";
  const Selection selection{.x = "c", .loss = "l", .run = {"r"}, .cluster = "k"};
  const Observations found = observations_from(CsvTable::from_text(csv, "d.csv"), selection);
  REQUIRE(found.groups.at(0).runs.size() == 3);
  CHECK(found.groups[0].runs[0].cluster == "s");
  CHECK(found.groups[0].runs[1].cluster == "s");
  CHECK(found.groups[0].runs[2].cluster == "t");
  const std::string two = complaint("r,k,c,l\nx,s,1,3\nx,t,2,2\n", selection);
  CHECK(contains(two, "d.csv:3:3: 'k' is t here and s in line 2, which is of the same run (x)"));
  CHECK(contains(complaint("r,k,c,l\nx,,1,3\n", selection), "d.csv:2:3: 'k' is empty"));
  // Without run columns each row is its own run.
  const Observations rows =
      observations_from(CsvTable::from_text(csv, "d.csv"), {.x = "c", .loss = "l", .cluster = "k"});
  CHECK(rows.groups.at(0).runs.size() == 4);
}

TEST_CASE("Many bad cells are told as ten of them and a count") {
  std::string csv = "c,l\n";
  for (int i = 0; i < 25; ++i) csv += "1,-1\n";
  const std::string told = complaint(csv, kXAndLoss);
  CHECK(contains(told, "d.csv:2:3: 'l' is -1: a number above 0 is wanted\nd.csv:3:3: "));
  CHECK(contains(told, "d.csv:11:3: 'l' is -1: a number above 0 is wanted\nand 15 more"));
  CHECK_FALSE(contains(told, "d.csv:12:3"));
  CHECK_FALSE(contains(complaint("c,l\n1,-1\n1,0\n", kXAndLoss), "more"));
  CHECK(contains(complaint("c,l\n0,-1\n", kXAndLoss), "d.csv:2:1: 'c' is 0"));
  CHECK(contains(complaint("c,l\n0,-1\n", kXAndLoss), "d.csv:2:3: 'l' is -1"));
}

TEST_CASE("A cell that cannot be compared counts only where its row is otherwise in") {
  Selection selection = kXAndLoss;
  selection.where = {"step>=10", "k=a"};
  const std::string csv = "k,step,c,l\na,10,1,3\na,5,1,3\nb,soon,1,3\na,,1,3\na,11,2,2\na,late,3,\n";
  CHECK(observations_from(CsvTable::from_text(csv, "d.csv"), selection).groups.at(0).runs.size() == 2);
  const std::string told = complaint(csv + "a,soon,1,3\n", selection);
  CHECK(told == "d.csv:8:3: step>=10 compares numbers, and 'soon' is no finite number");
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

}  // namespace mobasim::tests::observations_test
