// mobasim fit as other programs rely on it: columns, streams, exit codes.

#include "tests/golden/fit_program.h"

namespace mobasim::tests::fit_test {
namespace {

const std::string kCurves = (source_folder() / "configs/losses/moba-training-curves.csv").string();
// Of every law, in this order: other programs may count them.
const std::vector<std::string> kFitColumns = {"law",
                                              "n",
                                              "clusters",
                                              "objective",
                                              "a",
                                              "b",
                                              "floor",
                                              "a_parameters",
                                              "b_parameters",
                                              "a_tokens",
                                              "b_tokens",
                                              "r",
                                              "s",
                                              "outer",
                                              "a_lo",
                                              "a_hi",
                                              "b_lo",
                                              "b_hi",
                                              "floor_lo",
                                              "floor_hi",
                                              "a_parameters_lo",
                                              "a_parameters_hi",
                                              "b_parameters_lo",
                                              "b_parameters_hi",
                                              "a_tokens_lo",
                                              "a_tokens_hi",
                                              "b_tokens_lo",
                                              "b_tokens_hi",
                                              "r_lo",
                                              "r_hi",
                                              "s_lo",
                                              "s_hi",
                                              "outer_lo",
                                              "outer_hi",
                                              "floor_status",
                                              "starts",
                                              "hits",
                                              "solvers_apart",
                                              "intervals",
                                              "x_min",
                                              "x_max",
                                              "parameters_min",
                                              "parameters_max",
                                              "tokens_min",
                                              "tokens_max",
                                              "backtest",
                                              "backtest_held_out",
                                              "backtest_rms_error",
                                              "backtest_rate",
                                              "unpaired_s",
                                              "unpaired_s_lo",
                                              "unpaired_s_hi",
                                              "notes"};
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
  std::vector<std::string> columns = {"panel", "attention"};
  columns.insert(columns.end(), kFitColumns.begin(), kFitColumns.end());
  CHECK(laws.columns() == columns);
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
  CHECK(laws.columns() == kFitColumns);
  REQUIRE(laws.rows() == 1);
  CHECK(laws.whole_number(0, laws.column("n")) == 5);
  CHECK(laws.number(0, laws.column("s")) == Approx(0.0099).margin(5e-5));
}

TEST_CASE("Where a floor of zero is not at odds with the data, the law without a floor is within the intervals") {
  const ScratchFolder folder;
  const std::vector<std::string> runs = {"--by", "panel,attention", "--run", "model", "--points", "tail:0.05"};
  std::vector<std::string> p2 = {"--law", "p2"}, p3 = {"--law", "p3"};
  p2.insert(p2.end(), runs.begin(), runs.end());
  p3.insert(p3.end(), runs.begin(), runs.end());
  const CsvTable without = table_of(outcome_of_fit(kCurves, kColumns, p2, folder.path()));
  const Outcome floored = outcome_of_fit(kCurves, kColumns, p3, folder.path());
  const CsvTable with = table_of(floored);
  REQUIRE(with.rows() == 14);
  int not_identified = 0;
  for (std::size_t row = 0; row < with.rows(); ++row) {
    INFO(text_in(with, row, "panel") << ", " << text_in(with, row, "attention"));
    CHECK(number_in(with, row, "floor_lo") <= number_in(with, row, "floor"));
    if (text_in(with, row, "floor_status") != "not identified") continue;
    ++not_identified;
    CHECK(number_in(with, row, "floor_lo") == 0);
    CHECK(number_in(with, row, "b_lo") <= number_in(without, row, "b"));
    if (!text_in(with, row, "a_hi").empty()) CHECK(number_in(with, row, "a_hi") >= number_in(without, row, "a"));
  }
  CHECK(not_identified >= 10);
  // One line for all of them.
  CHECK(contains(floored.err, std::to_string(not_identified) + " of 14 groups"));
  CHECK(std::count(floored.err.begin(), floored.err.end(), '\n') <= 3);
}

TEST_CASE("A law of parameters and tokens asks for both columns, and says which there are") {
  const ScratchFolder folder;
  const Outcome outcome =
      outcome_of_fit(kCurves, {"--loss", "loss", "--parameters", "non_embedding_parameters", "--tokens", "tokens"},
                     {"--law", "chinchilla", "--by", "panel,attention", "--run", "model"}, folder.path());
  CHECK(outcome.exit_code == 2);
  CHECK(contains(outcome.err, "there is no column 'non_embedding_parameters'"));
  CHECK(contains(outcome.err, "panel, model, attention, compute_pfdays, loss"));
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
  CHECK(outcome.err.find("g=b: all 3 points have the same x (1)") != std::string::npos);
  CHECK(outcome.err.find("g=c") == std::string::npos);
}

}  // namespace mobasim::tests::fit_test
