// mobasim fit as other programs rely on it: columns, streams, exit codes.

#include "sim/base/csv.h"
#include "tests/catch.h"
#include "tests/program.h"

using namespace mobasim;
using namespace mobasim::tests;

namespace {

const std::string kCurves = (source_folder() / "configs/losses/moba-training-curves.csv").string();
const std::vector<std::string> kColumns = {"--compute", "compute_pfdays", "--loss", "loss"};

Outcome outcome_of_fit(const std::string& data, const std::vector<std::string>& columns,
                       const std::vector<std::string>& more, const std::filesystem::path& folder) {
  std::vector<std::string> arguments = {"fit", data};
  arguments.insert(arguments.end(), columns.begin(), columns.end());
  arguments.insert(arguments.end(), more.begin(), more.end());
  return outcome_of_program(arguments, folder);
}

}  // namespace

TEST_CASE("fit --law p2 prints a row per group with the columns of the contract") {
  const ScratchFolder folder;
  const Outcome outcome = outcome_of_fit(
      kCurves, kColumns, {"--law", "p2", "--by", "panel,attention", "--run", "model", "--points", "tail:0.05"},
      folder.path());
  REQUIRE(outcome.exit_code == 0);
  CHECK(outcome.err == "");
  const CsvTable laws = CsvTable::from_text(outcome.out, "stdout");
  CHECK(laws.columns() == std::vector<std::string>{"panel", "attention", "law", "n", "objective", "a", "b", "a_lo",
                                                   "a_hi", "b_lo", "b_hi", "clusters", "x_min", "x_max"});
  REQUIRE(laws.rows() == 14);
  for (std::size_t row = 0; row < laws.rows(); ++row) {
    CHECK(laws.text(row, laws.column("law")) == "p2");
    CHECK(laws.number(row, laws.column("a_lo")) < laws.number(row, laws.column("a")));
    CHECK(laws.number(row, laws.column("a")) < laws.number(row, laws.column("a_hi")));
    CHECK(laws.number(row, laws.column("b_lo")) < laws.number(row, laws.column("b")));
    CHECK(laws.number(row, laws.column("b")) < laws.number(row, laws.column("b_hi")));
    CHECK(laws.whole_number(row, laws.column("clusters")) == 5);
  }
}

TEST_CASE("fit --law paired prints ratio and exponent with their intervals") {
  const ScratchFolder folder;
  const Outcome outcome = outcome_of_fit(kCurves, kColumns,
                                         {"--law", "paired", "--pair", "attention=moba,full", "--size", "model",
                                          "--points", "tail:0.05", "--where", "panel=fig3b_trailing_32k_last2k"},
                                         folder.path());
  REQUIRE(outcome.exit_code == 0);
  const CsvTable laws = CsvTable::from_text(outcome.out, "stdout");
  CHECK(laws.columns() == std::vector<std::string>{"law", "n", "objective", "r", "s", "r_lo", "r_hi", "s_lo", "s_hi",
                                                   "clusters", "x_min", "x_max"});
  REQUIRE(laws.rows() == 1);
  CHECK(laws.whole_number(0, laws.column("n")) == 5);
  CHECK(laws.number(0, laws.column("s")) == Approx(0.0099).margin(5e-5));
}

TEST_CASE("By default all points enter, and each row is an observation of its own") {
  const ScratchFolder folder;
  put_file(folder / "d.csv", "# a comment\ng,c,l\nb,1,3\na,1,4\nb,10,2\na,10,3\nb,100,\nb,100,1.4\na,100,2.2\n");
  const Outcome outcome =
      outcome_of_fit("d.csv", {"--compute", "c", "--loss", "l"}, {"--law", "p2", "--by", "g"}, folder.path());
  REQUIRE(outcome.exit_code == 0);
  CHECK(outcome.err == "mobasim: dropped 1 row without 'l'\n");
  const CsvTable laws = CsvTable::from_text(outcome.out, "stdout");
  REQUIRE(laws.rows() == 2);
  CHECK(laws.text(0, laws.column("g")) == "b");
  CHECK(laws.text(0, laws.column("x_max")) == "100");
  CHECK(laws.whole_number(0, laws.column("n")) == 3);
  CHECK(laws.whole_number(0, laws.column("clusters")) == 3);
}

TEST_CASE("Where fewer than three runs determine no interval the cells are empty, and it is said") {
  const ScratchFolder folder;
  put_file(folder / "d.csv", "c,l\n1,3\n10,2.5\n100,2\n");
  const Outcome outcome =
      outcome_of_fit("d.csv", {"--compute", "c", "--loss", "l"}, {"--law", "p2", "--points", "tail:1"}, folder.path());
  REQUIRE(outcome.exit_code == 0);
  CHECK(outcome.err.find("at least 3 determine an interval") != std::string::npos);
  const CsvTable laws = CsvTable::from_text(outcome.out, "stdout");
  CHECK(laws.empty(0, laws.column("a_lo")));
  CHECK(laws.empty(0, laws.column("b_hi")));
  CHECK(laws.number(0, laws.column("b")) > 0);
}

TEST_CASE("Curves that nothing tells apart are not fitted by their ends") {
  const ScratchFolder folder;
  const Outcome tail = outcome_of_fit(
      kCurves, kColumns, {"--law", "p2", "--by", "panel,attention", "--points", "tail:0.05"}, folder.path());
  CHECK(tail.exit_code == 2);
  CHECK(tail.out == "");
  CHECK(tail.err.find("--run") != std::string::npos);
  const Outcome last = outcome_of_fit(kCurves, kColumns, {"--law", "p2", "--points", "last"}, folder.path());
  CHECK(last.exit_code == 2);
  CHECK(last.err.find("--run") != std::string::npos);
  const Outcome mixed = outcome_of_fit(kCurves, kColumns, {"--law", "p2", "--run", "model"}, folder.path());
  CHECK(mixed.exit_code == 0);
  CHECK(mixed.err.find("several curves were taken for one") != std::string::npos);
}

TEST_CASE("Every group that cannot be fitted is named, and nothing is printed") {
  const ScratchFolder folder;
  put_file(folder / "d.csv", "g,c,l\na,1,3\na,2,2\nb,1,3\nb,1,3\nb,1,2\nc,1,3\nc,2,2\nc,3,1\n");
  const Outcome outcome =
      outcome_of_fit("d.csv", {"--compute", "c", "--loss", "l"}, {"--law", "p2", "--by", "g"}, folder.path());
  CHECK(outcome.exit_code == 2);
  CHECK(outcome.out == "");
  CHECK(outcome.err.find("g=a: 2 points") != std::string::npos);
  CHECK(outcome.err.find("g=b: all 3 points have the same x") != std::string::npos);
  CHECK(outcome.err.find("g=c") == std::string::npos);
}
