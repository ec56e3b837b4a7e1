// Every law of mobasim fit as a program uses it: its columns, intervals by resampling, projections, losses to be
// reached, back-tests, files.
#include <algorithm>

#include "tests/golden/fit_program.h"

namespace mobasim::tests::fit_laws_test {
namespace {

const Words kParameters = {"a",        "b", "floor", "a_parameters", "b_parameters", "a_tokens",
                           "b_tokens", "r", "s",     "outer"};

// A row has the values of its law's parameters, each within its interval where there is one, and no others.
void check_parameters(const CsvTable& fits, std::size_t row, const Words& of_law) {
  for (const std::string& name : kParameters) {
    INFO("row " << row << ", " << name);
    const bool expected = std::find(of_law.begin(), of_law.end(), name) != of_law.end();
    CHECK(text_in(fits, row, name).empty() != expected);
    for (const std::string end : {"_lo", "_hi"}) {
      const std::string text = text_in(fits, row, name + end);
      if (!expected) CHECK(text.empty());
      if (text.empty()) continue;
      const double value = number_in(fits, row, name), bound = number_in(fits, row, name + end);
      CHECK((end == "_lo" ? bound <= value : value <= bound));
    }
  }
}

struct LawCase {
  Words words;
  Words parameters;
};

std::string pairs() {
  Rows rows("kind,size,compute,loss");
  for (int i = 0; i < 6; ++i) {
    const double x = std::pow(10, i);
    rows.add("moba,s" + std::to_string(i) + ",", {x, 1.02 * std::pow(x, -0.11) * rows.noise(0.001)});
    rows.add("full,s" + std::to_string(i) + ",", {x, 1.00 * std::pow(x, -0.10) * rows.noise(0.001)});
  }
  return rows.text();
}

}  // namespace

TEST_CASE("Every law fills its own columns of one fixed row, each value within its interval") {
  const ScratchFolder folder;
  put_file(folder / "c.csv", curve_of_compute(9, 0.002));
  put_file(folder / "n.csv", grid_of_sizes(kSizes, kTokens, 0.002));
  put_file(folder / "pairs.csv", pairs());
  const Words floor_and_sizes = {"floor", "a_parameters", "b_parameters", "a_tokens", "b_tokens"};
  const Words outer = {"floor", "a_parameters", "b_parameters", "a_tokens", "b_tokens", "outer"};
  const std::vector<LawCase> cases = {
      {{"c.csv", "--law", "p2", "--compute", "compute"}, {"a", "b"}},
      {{"c.csv", "--law", "p3", "--compute", "compute"}, {"a", "b", "floor"}},
      {{"n.csv", "--law", "chinchilla", "--parameters", "params", "--tokens", "toks"}, floor_and_sizes},
      {{"n.csv", "--law", "chinchilla-outer", "--parameters", "params", "--tokens", "toks"}, outer},
      {{"pairs.csv", "--law", "paired", "--compute", "compute", "--pair", "kind=moba,full", "--size", "size"},
       {"r", "s"}}};
  std::vector<std::string> columns;
  for (const LawCase& one : cases) {
    INFO(one.words[2]);
    const Outcome outcome = outcome_of_fit(folder, one.words, {"--loss", "loss"});
    const CsvTable fits = table_of(outcome);
    if (columns.empty()) columns = fits.columns();
    CHECK(fits.columns() == columns);
    REQUIRE(fits.rows() == 1);
    CHECK(text_in(fits, 0, "law") == one.words[2]);
    CHECK(number_in(fits, 0, "objective") > 0);
    CHECK(number_in(fits, 0, "hits") >= 1);
    CHECK(number_in(fits, 0, "solvers_apart") <= 1e-9);
    check_parameters(fits, 0, one.parameters);
    CHECK(is_finite_text(outcome.out));
  }
}

TEST_CASE("Resampled intervals are the same bytes for any number of threads, and others for another seed") {
  const ScratchFolder folder;
  put_file(folder / "d.csv", grid_of_sizes(kSizes, kTokens, 0.01));
  const Words resampled = {"--huber-delta", "1e-3", "--bootstrap", "200"};
  Words words = kChinchilla;
  words.insert(words.end(), resampled.begin(), resampled.end());
  const Outcome one = outcome_of_fit(folder, words, {"--threads", "1"});
  const Outcome two = outcome_of_fit(folder, words, {"--threads", "2"});
  const Outcome seeded = outcome_of_fit(folder, words, {"--threads", "1", "--seed", "2"});
  const CsvTable fits = table_of(one);
  CHECK(one.out == two.out);
  CHECK(one.out != seeded.out);
  CHECK(text_in(fits, 0, "intervals") == "bca");
  check_parameters(fits, 0, {"floor", "a_parameters", "b_parameters", "a_tokens", "b_tokens"});
}

TEST_CASE("Under Huber's loss cells of intervals are empty without resamples, and it is said how to have them") {
  const ScratchFolder folder;
  put_file(folder / "d.csv", curve_of_compute(9, 0.01));
  Words words = kOfCompute;
  words.insert(words.end(), {"--law", "p2", "--huber-delta", "1e-3"});
  const Outcome bare = outcome_of_fit(folder, words);
  const CsvTable fits = table_of(bare);
  for (const std::string column : {"a_lo", "a_hi", "b_lo", "b_hi", "intervals"}) {
    CHECK(text_in(fits, 0, column).empty());
  }
  CHECK(contains(bare.err, "--bootstrap N"));
  const Outcome resampled = outcome_of_fit(folder, words, {"--bootstrap", "200"});
  CHECK(resampled.err.empty());
  CHECK(number_in(table_of(resampled), 0, "b_lo") < number_in(table_of(resampled), 0, "b_hi"));
}

TEST_CASE("Projections go to their file with their reach, and beside what was observed") {
  const ScratchFolder folder;
  put_file(folder / "d.csv", curve_of_compute(9, 0.002));
  Words words = kOfCompute;
  words.insert(words.end(), {"--law", "p3", "--where", "compute<=1e6", "--project-from", "d.csv", "--project-where",
                             "compute>1e6", "--projections", "p.csv"});
  const Outcome outcome = outcome_of_fit(folder, words);
  CHECK(table_of(outcome).rows() == 1);
  const CsvTable projections = table_in(folder / "p.csv");
  const std::vector<std::string> expected = {"x", "predicted", "lo", "hi", "extrapolation", "observed", "error"};
  REQUIRE(projections.columns().size() >= expected.size());
  CHECK(std::equal(expected.begin(), expected.end(), projections.columns().begin()));
  REQUIRE(projections.rows() == 2);
  for (std::size_t row = 0; row < 2; ++row) {
    const double predicted = number_in(projections, row, "predicted"),
                 observed = number_in(projections, row, "observed");
    CHECK(number_in(projections, row, "error") == Approx(predicted / observed - 1).margin(1e-15));
    CHECK(number_in(projections, row, "lo") < predicted);
    CHECK(predicted < number_in(projections, row, "hi"));
    CHECK(number_in(projections, row, "extrapolation") == Approx(row == 0 ? 10 : 100));
  }
  CHECK(text_in(projections, 0, "mark") == "beyond 3x");
  CHECK(text_in(projections, 1, "mark") == "extrapolated");
  CHECK(contains(outcome.err, "10x the data: to be read with care"));
  CHECK(contains(outcome.err, "100x the data: extrapolated"));
}

TEST_CASE("Projections of two inputs have two columns, groups come first, and inside the data nothing is marked") {
  const ScratchFolder folder;
  std::string data = grid_of_sizes(kSizes, kTokens, 0.002);
  std::string grouped = "set," + data.substr(0, data.find('\n') + 1);
  for (std::size_t at = data.find('\n') + 1; at < data.size(); at = data.find('\n', at) + 1) {
    const std::string line = data.substr(at, data.find('\n', at) + 1 - at);
    grouped += "one," + line + "two," + line;
  }
  put_file(folder / "d.csv", grouped);
  const Outcome outcome = outcome_of_fit(folder, kChinchilla,
                                         {"--by", "set", "--project", "1e8:1e10,7e9:1.4e11", "--projections", "p.csv"});
  CHECK(table_of(outcome).rows() == 2);
  const CsvTable projections = table_in(folder / "p.csv");
  const std::vector<std::string> expected = {"set", "parameters",    "tokens",   "predicted", "lo",
                                             "hi",  "extrapolation", "observed", "error"};
  REQUIRE(projections.columns().size() >= expected.size());
  CHECK(std::equal(expected.begin(), expected.end(), projections.columns().begin()));
  REQUIRE(projections.rows() == 4);
  CHECK(text_in(projections, 0, "mark").empty());
  CHECK(text_in(projections, 0, "observed").empty());
  CHECK(text_in(projections, 1, "mark") == "extrapolated");
  CHECK(number_in(projections, 1, "predicted") == Approx(2.19).epsilon(0.01));
}

TEST_CASE("Without a file people read second tables on stderr, and stdout stays one CSV") {
  const ScratchFolder folder;
  put_file(folder / "d.csv", curve_of_compute(9, 0.002));
  Words words = kOfCompute;
  words.insert(words.end(), {"--law", "p3"});
  const Outcome bare = outcome_of_fit(folder, words, {"--backtest"});
  const Outcome more = outcome_of_fit(folder, words, {"--backtest", "--project", "1e9,1e12", "--target-loss", "1.6"});
  CHECK(more.out == bare.out);
  CHECK(contains(more.err, "predicted"));
  CHECK(contains(more.err, "extrapolated"));
  CHECK_FALSE(contains(more.err, "observed"));  // empty in every row
  CHECK(files_below(folder) == Words{"d.csv"});
}

TEST_CASE("A loss is reached at a compute between its bounds, or it is said why not") {
  const ScratchFolder folder;
  put_file(folder / "d.csv", curve_of_compute(9, 0.002));
  Words words = kOfCompute;
  words.insert(words.end(), {"--law", "p3", "--target-loss", "2.5,1.2", "--targets", "t.csv"});
  CHECK(table_of(outcome_of_fit(folder, words)).rows() == 1);
  const CsvTable targets = table_in(folder / "t.csv");
  REQUIRE(targets.rows() == 2);
  CHECK(number_in(targets, 0, "loss") == 2.5);
  CHECK(number_in(targets, 0, "x") == Approx(std::pow(4.0, 10)).epsilon(0.2));  // 1.5 + 4 x^-0.1 = 2.5
  CHECK(number_in(targets, 0, "lo") < number_in(targets, 0, "x"));
  CHECK(number_in(targets, 0, "x") < number_in(targets, 0, "hi"));
  CHECK(text_in(targets, 0, "note").empty());
  CHECK(text_in(targets, 1, "x").empty());
  CHECK(contains(text_in(targets, 1, "note"), "floor"));
}

TEST_CASE("Five runs allow no back-test, nine points do") {
  const ScratchFolder folder;
  Rows rows("run,compute,loss");
  for (int run = 0; run < 5; ++run) {
    for (int point = 1; point <= 4; ++point) {
      const double x = std::pow(10, run) * point;
      rows.add("r" + std::to_string(run) + ",", {x, 3 * std::pow(x, -0.05) * rows.noise(0.002)});
    }
  }
  put_file(folder / "d.csv", rows.text());
  Words words = kOfCompute;
  words.insert(words.end(), {"--law", "p2", "--backtest"});
  const Outcome five = outcome_of_fit(folder, words, {"--run", "run", "--points", "tail:0.5"});
  CHECK(text_in(table_of(five), 0, "backtest") == "no back-test possible: 5 runs, at least 7 are needed");
  CHECK(contains(five.err, "no back-test possible: 5 runs, at least 7 are needed"));
  put_file(folder / "d.csv", curve_of_compute(9, 0.002, 0));
  const CsvTable nine = table_of(outcome_of_fit(folder, words));
  CHECK(number_in(nine, 0, "backtest_held_out") >= 3);
  CHECK(number_in(nine, 0, "backtest_rms_error") < 0.02);
}

TEST_CASE("JSON holds what CSV does, and a table for people leaves out what is empty in every row") {
  const ScratchFolder folder;
  put_file(folder / "d.csv", curve_of_compute(9, 0.002));
  Words words = kOfCompute;
  words.insert(words.end(), {"--law", "p3"});
  const Outcome csv = outcome_of_fit(folder, words), json = outcome_of_fit(folder, words, {"--format", "json"});
  const Outcome table = outcome_of_fit(folder, words, {"--format", "table"});
  REQUIRE(json.exit_code == 0);
  REQUIRE(table.exit_code == 0);
  CHECK(contains(json.out, "\"b\": " + text_in(table_of(csv), 0, "b")));
  CHECK(contains(json.out, "\"a_tokens\": null"));
  const std::string header = table.out.substr(0, table.out.find('\n'));
  CHECK(contains(header, "floor_status"));
  for (const std::string column : {"a_tokens", "b_parameters_lo", "notes", "tokens_max"}) {
    CHECK_FALSE(contains(header, column));
  }
}

TEST_CASE("Files take what stdout would, and all of them are written or none") {
  const ScratchFolder folder;
  put_file(folder / "d.csv", curve_of_compute(9, 0.002));
  Words words = kOfCompute;
  words.insert(words.end(), {"--law", "p3", "--project", "1e10", "--projections", "p.csv", "--target-loss", "1.9",
                             "--targets", "t.csv", "--report", "r.txt"});
  const Outcome plain = outcome_of_fit(folder, words);
  REQUIRE(plain.exit_code == 0);
  CHECK(files_below(folder) == Words{"d.csv", "p.csv", "r.txt", "t.csv"});
  for (const std::string file : {"p.csv", "t.csv", "r.txt"}) std::filesystem::remove(folder / file);
  const Outcome nowhere = outcome_of_fit(folder, words, {"-o", "no/such/folder.csv"});
  CHECK(nowhere.exit_code == 3);
  CHECK(nowhere.out.empty());
  CHECK(files_below(folder) == Words{"d.csv"});
  const Outcome filed = outcome_of_fit(folder, words, {"-o", "o.csv"});
  CHECK(filed.exit_code == 0);
  CHECK(filed.out.empty());
  CHECK(file_content(folder / "o.csv") == plain.out);
}

TEST_CASE("Where one group of many cannot be fitted, no file is written, nor half of one") {
  const ScratchFolder folder;
  Rows rows("set,compute,loss");
  for (const std::string set : {"one", "two", "three"}) {
    for (int i = 0; i < (set == "three" ? 2 : 5); ++i) rows.add(set + ",", {std::pow(10, i), 3 - 0.1 * i});
  }
  put_file(folder / "d.csv", rows.text());
  Words words = kOfCompute;
  words.insert(words.end(), {"--law", "p2", "--by", "set", "--project", "1e9", "--projections", "p.csv", "--report",
                             "r.html", "-o", "o.csv"});
  const Outcome outcome = outcome_of_fit(folder, words);
  CHECK(outcome.exit_code == 2);
  CHECK(outcome.err == "mobasim: set=three: 2 points cannot determine the law p2, which needs at least 3\n");
  CHECK(files_below(folder) == Words{"d.csv"});
}

TEST_CASE("Ctrl-C ends a long bootstrap with 130, and nothing is written") {
  const ScratchFolder folder;
  // In the foreground: else timeout sends the signal twice, and the second one ends the program as usual.
  put_file(folder / "d.csv", grid_of_sizes(kSizes, kTokens, 0.01));
  std::string line = "timeout --foreground --preserve-status -s INT 2 " + quoted_for_shell(MOBASIM_PROGRAM) + " fit";
  for (const std::string& word : kChinchilla) line += ' ' + quoted_for_shell(word);
  line += " --bootstrap 1000000 --project 7e9:1e12 --projections p.csv -o o.csv --report r.html";
  const Outcome outcome = outcome_of_shell(line, folder.path());
  CHECK(outcome.exit_code == 130);
  CHECK(outcome.out.empty());
  CHECK(outcome.err == "mobasim: stopped\n");  // no progress where stderr is no terminal
  CHECK(files_below(folder) == Words{"d.csv"});
}

}  // namespace mobasim::tests::fit_laws_test
