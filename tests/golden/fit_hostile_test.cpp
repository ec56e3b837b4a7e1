// Data that mislead: what cannot be fitted is refused at its place with what would be right, what can is fitted with
// words. No result holds a number that is none.
#include <algorithm>

#include "tests/golden/fit_program.h"

namespace mobasim::tests::fit_hostile_test {
namespace {

const Words kP2 = {"d.csv", "--law", "p2", "--compute", "compute", "--loss", "loss"};
const Words kP3 = {"d.csv", "--law", "p3", "--compute", "compute", "--loss", "loss"};

struct Refused {
  std::string what, data;
  Words words;
  std::vector<std::string> mentions;
};

void check(const Refused& one) {
  const ScratchFolder folder;
  put_file(folder / "d.csv", one.data);
  Words words = one.words;
  words.insert(words.end(), {"-o", "o.csv"});
  const Outcome outcome = outcome_of_fit(folder, words);
  INFO(one.what << ": " << outcome.err);
  CHECK(outcome.exit_code == 2);
  CHECK(outcome.out.empty());
  CHECK(files_below(folder) == Words{"d.csv"});
  for (const std::string& mention : one.mentions) {
    INFO("looking for '" << mention << "'");
    CHECK(contains(outcome.err, mention));
  }
}

// A fit that goes through: what it says, and that every number of it is one, in both forms.
struct Flagged {
  CsvTable fits;
  std::string err;
};

Flagged flagged(const std::string& data, const Words& words) {
  const ScratchFolder folder;
  put_file(folder / "d.csv", data);
  const Outcome csv = outcome_of_fit(folder, words), json = outcome_of_fit(folder, words, {"--format", "json"});
  REQUIRE(json.exit_code == 0);
  CHECK(is_finite_text(csv.out));
  CHECK(is_finite_text(json.out));
  CHECK(is_finite_text(csv.err));
  return {table_of(csv), csv.err};
}

Words with(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::string rows_of(const std::string& rows) { return "compute,loss\n" + rows; }

}  // namespace

TEST_CASE("What cannot be fitted is refused at its place, with what would be right") {
  const std::vector<Refused> cases = {
      {"two points", rows_of("1,3\n2,2\n"), kP2, {"2 points cannot determine the law p2, which needs at least 3"}},
      {"three points for three parameters", rows_of("1,3\n2,2.5\n4,2.2\n"), kP3, {"needs at least 4"}},
      {"equal x", rows_of("5,3\n5,2\n5,2.5\n"), kP2, {"all 3 points have the same x (5)"}},
      {"two x for a floor", rows_of("5,3\n5,2\n9,2\n9,1.9\n"), kP3, {"only 2 different values of x"}},
      {"loss of zero", rows_of("1,3\n2,0\n3,2\n"), kP2, {"d.csv:3:3: 'loss' is 0: a number above 0 is wanted"}},
      {"loss below zero", rows_of("1,3\n2,2.5\n3,-2\n"), kP2, {"d.csv:4:3: 'loss' is -2"}},
      {"NaN", rows_of("1,nan\n2,2\n3,2\n"), kP2, {"d.csv:2:3: ", "'nan' is no finite number"}},
      {"inf", rows_of("1,3\ninf,2\n3,2\n"), kP2, {"d.csv:3:1: ", "'inf' is no finite number"}},
      {"more than a double holds", rows_of("1,3\n1e999,2\n3,2\n"), kP2, {"d.csv:3:1: ", "'1e999' is no finite"}},
      {"words", rows_of("1,3\n2,low\nfar,2\n"), kP2, {"d.csv:3:3: ", "'low'", "d.csv:4:1: ", "'far'"}},
      {"decimal comma", rows_of("1,3\n2,\"2,5\"\n3,2\n"), kP2, {"d.csv:3:3: ", "'2,5' is no finite number"}},
      {"empty file", "", kP2, {"d.csv", "empty"}},
      {"header only", "compute,loss\n", kP2, {"d.csv", "no row is left to fit: it has a header only"}},
      {"no loss anywhere", rows_of("1,\n2,\n"), kP2, {"'loss' is empty in all 2"}},
      {"missing column", "compte,loss\n1,2\n", kP2, {"d.csv:1: ", "no column 'compute'", "did you mean 'compte'"}},
      {"start of a curve", rows_of("0,9\n1,3\n2,2\n3,1.9\n"), kP2, {"d.csv:2:1: ", "--where 'compute>0'"}},
      {"weight of zero",
       "compute,loss,w\n1,3,1\n2,2,0\n3,2,1\n",
       with(kP2, {"--weight", "w"}),
       {"d.csv:3:5: 'w' is 0: a number above 0 is wanted; --where 'w>0' leaves such rows out"}},
      {"weight that is not there",
       "compute,loss,w\n1,3,1\n2,2,\n3,2,1\n",
       with(kP2, {"--weight", "w"}),
       {"d.csv:3:5: "}},
      {"contradictory conditions",
       rows_of("1,3\n2,2\n3,2\n"),
       with(kP2, {"--where", "compute>1", "--where", "compute<2"}),
       {"none of its 3 rows meets compute>1 and compute<2 at once"}},
      {"a condition that nothing meets",
       rows_of("1,3\n2,2\n3,2\n"),
       with(kP2, {"--where", "compute>7"}),
       {"no row has compute>7; the column 'compute' goes from 1 to 3"}},
      {"a by column named as one of the result",
       "law,compute,loss\nx,1,3\nx,2,2\nx,3,1.8\n",
       with(kP2, {"--by", "law"}),
       {"--by law: the result has a column of that name itself"}},
      {"and as one of the projections",
       "lo,compute,loss\nx,1,3\nx,2,2\nx,3,1.8\n",
       with(kP2, {"--by", "lo", "--project", "9"}),
       {"--by lo: the result has a column of that name itself"}},
      {"one size",
       grid_of_sizes({1e8}, {1e9, 2e9, 4e9, 8e9, 16e9, 32e9}, 0.01),
       kChinchilla,
       {"all 6 points have the same parameters (1e+08)", "with tokens alone p3 can be fitted"}},
      {"two sizes",
       grid_of_sizes({1e8, 1e9}, {1e9, 2e9, 4e9, 8e9}, 0.01),
       kChinchilla,
       {"only 2 different values of parameters; the law chinchilla needs at least 3"}},
      {"tokens in proportion",
       "params,toks,loss\n1e7,2e8,4\n2e7,4e8,3.8\n4e7,8e8,3.6\n8e7,16e8,3.4\n16e7,32e8,3.3\n32e7,64e8,3.2\n",
       kChinchilla,
       {"tokens are the same power of parameters in every row", "p3 can be fitted"}},
  };
  for (const Refused& one : cases) check(one);
}

TEST_CASE("Many bad cells are told by their first, and counted") {
  const ScratchFolder folder;
  std::string data = "compute,loss\n";
  for (int i = 0; i < 5000; ++i) data += std::to_string(i + 1) + ",low\n";
  put_file(folder / "d.csv", data);
  const Outcome outcome = outcome_of_fit(folder, kP2);
  CHECK(outcome.exit_code == 2);
  CHECK(contains(outcome.err, "d.csv:2:3: "));
  CHECK(contains(outcome.err, "and 4990 more"));
}

TEST_CASE("A loss that rises, or does not change, is fitted and said") {
  const Flagged rising =
      flagged(rows_of("1,2\n2,2.1\n4,2.2\n8,2.35\n16,2.5\n"), with(kP2, {"--project", "1e3", "--target-loss", "1.5"}));
  CHECK(number_in(rising.fits, 0, "b") < 0);
  CHECK(contains(text_in(rising.fits, 0, "notes"), "the loss rises with compute"));
  CHECK(contains(rising.err, "the law says nothing about larger runs"));
  CHECK(contains(rising.err, "the law does not fall"));
  for (const Words& words : {kP2, kP3}) {
    const Flagged constant = flagged(rows_of("1,2\n2,2\n4,2\n8,2\n16,2\n"),
                                     with(words, {"--project", "1e3", "--target-loss", "1.5", "--backtest"}));
    CHECK_FALSE(text_in(constant.fits, 0, "notes").empty());
    CHECK(std::abs(number_in(constant.fits, 0, "b")) < 1e-6);
  }
}

TEST_CASE("Exact duplicates are points like others") {
  const Flagged once = flagged(rows_of("1,3\n2,2.6\n4,2.4\n8,2.1\n"), kP2);
  const Flagged twice = flagged(rows_of("1,3\n1,3\n2,2.6\n2,2.6\n4,2.4\n4,2.4\n8,2.1\n8,2.1\n"), kP2);
  CHECK(number_in(twice.fits, 0, "b") == Approx(number_in(once.fits, 0, "b")).epsilon(1e-9));
  CHECK(number_in(twice.fits, 0, "objective") == Approx(2 * number_in(once.fits, 0, "objective")).epsilon(1e-9));
  CHECK(number_in(twice.fits, 0, "n") == 8);
}

TEST_CASE("Data without noise give the law back, and numbers everywhere") {
  const Words all = {"--backtest", "--bootstrap", "200", "--target-loss", "2,1.6,1", "--project"};
  const Flagged p3 = flagged(curve_of_compute(10, 0), with(with(kP3, all), {"1e12"}));
  CHECK(number_in(p3.fits, 0, "floor") == Approx(1.5).epsilon(1e-9));
  CHECK(number_in(p3.fits, 0, "b") == Approx(0.1).epsilon(1e-9));
  CHECK(number_in(p3.fits, 0, "objective") < 1e-25);
  const Flagged sizes = flagged(grid_of_sizes(kSizes, kTokens, 0), with(with(kChinchilla, all), {"7e9:1.4e11"}));
  CHECK(number_in(sizes.fits, 0, "b_parameters") == Approx(0.34).epsilon(1e-6));
  const Flagged huber = flagged(curve_of_compute(10, 0), with(kP3, {"--huber-delta", "1e-3"}));
  CHECK(number_in(huber.fits, 0, "floor") == Approx(1.5).epsilon(1e-9));
}

TEST_CASE("One point that is ten times too high moves squares, and Huber's loss hardly") {
  Rows rows("compute,loss");
  for (int i = 0; i < 20; ++i) {
    const double x = std::pow(10, 0.25 * i);
    rows.add("", {x, (1.5 + 2 * std::pow(x, -0.2)) * rows.noise(0.003) * (i == 13 ? 10 : 1)});
  }
  const Flagged squares = flagged(rows.text(), kP3), huber = flagged(rows.text(), with(kP3, {"--huber-delta", "1e-3"}));
  CHECK(number_in(huber.fits, 0, "floor") == Approx(1.5).epsilon(0.03));
  CHECK(std::abs(number_in(squares.fits, 0, "floor") - 1.5) > 0.1);
}

TEST_CASE("Keys with commas, quotes and letters of all scripts come back as they were") {
  const ScratchFolder folder;
  const Words keys = {"a,b", "say \"hi\"", "Größe 漢字", "#x", " space "};
  std::string data = "name,compute,loss\n";
  for (const std::string& key : keys) {
    std::string quoted;
    for (const char c : key) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    for (const std::string row : {"1,3", "10,2.5", "100,2.2"}) data += '"' + quoted + "\"," + row + "\n";
  }
  put_file(folder / "d.csv", data);
  const CsvTable fits = table_of(outcome_of_fit(folder, kP2, {"--by", "name"}));
  REQUIRE(fits.rows() == keys.size());
  for (std::size_t row = 0; row < keys.size(); ++row) CHECK(text_in(fits, row, "name") == keys[row]);
}

TEST_CASE("Two thousand groups are a row each, and what is true of all is said once") {
  Rows rows("name,compute,loss");
  for (int group = 0; group < 2000; ++group) {
    for (int i = 0; i < 3; ++i) {
      const double x = std::pow(10, i);
      rows.add("g" + std::to_string(group) + ",", {x, 3 * std::pow(x, -0.05) * rows.noise(0.01)});
    }
  }
  const ScratchFolder folder;
  put_file(folder / "d.csv", rows.text());
  const Outcome outcome = outcome_of_fit(folder, kP2, {"--by", "name", "--backtest", "--project", "1e9"});
  const CsvTable fits = table_of(outcome);
  CHECK(fits.rows() == 2000);
  CHECK(text_in(fits, 1999, "name") == "g1999");
  CHECK(contains(outcome.err, "2000 of 2000 groups, the first name=g0: no back-test possible: 3 points"));
}

TEST_CASE("A million rows are fitted by p2, p3 and chinchilla") {
  const ScratchFolder folder;
  {
    std::string data = "compute,params,toks,loss\n";
    data.reserve(60000000);
    Rows random("");
    char line[128];
    for (int i = 0; i < 1000000; ++i) {
      const double n = 1e7 * std::pow(100, 0.001 * (i % 1000)), d = 1e9 * std::pow(100, 0.001 * (i / 1000));
      const double loss = (1.7 + 400 * std::pow(n, -0.34) + 410 * std::pow(d, -0.28)) * random.noise(0.01);
      data.append(line, static_cast<std::size_t>(
                            std::snprintf(line, sizeof line, "%.6g,%.6g,%.6g,%.6g\n", 6 * n * d, n, d, loss)));
    }
    put_file(folder / "d.csv", data);
  }
  for (const Words& words : {kP2, kP3, kChinchilla}) {
    const CsvTable fits = table_of(outcome_of_fit(folder, words));
    CHECK(number_in(fits, 0, "n") == 1000000);
    if (words == kChinchilla) {
      CHECK(number_in(fits, 0, "floor") == Approx(1.7).epsilon(0.005));
      CHECK(number_in(fits, 0, "b_parameters") == Approx(0.34).epsilon(0.01));
    }
  }
}

}  // namespace mobasim::tests::fit_hostile_test
