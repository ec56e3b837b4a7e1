#include "cli/fit/options.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include "sim/base/error.h"
#include "tests/catch.h"

namespace mobasim::tests::options_test {
using namespace cli;

namespace {

using Words = std::vector<std::string>;

const Words kPower = {"d.csv", "--law", "p2", "--loss", "l", "--compute", "c"};
const Words kTwo = {"d.csv", "--law", "chinchilla", "--loss", "l", "--parameters", "n", "--tokens", "d"};
const Words kPaired = {"d.csv",  "--law", "paired", "--loss", "l", "--compute", "c", "--pair", "attention=moba,full",
                       "--size", "model"};

FitOptions options_of(const Words& base, const Words& more) {
  Parser parser("test", "1");
  FitFlags flags;
  added_fit_command(parser.program(), flags);
  Words words = {"fit"};
  words.insert(words.end(), base.begin(), base.end());
  words.insert(words.end(), more.begin(), more.end());
  (void)parser.parsed(words);
  return fit_options_from(flags);
}

// The message of the ConfigError that these words end in; "" if it is none.
std::string complaint(const Words& base, const Words& more) {
  try {
    (void)options_of(base, more);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("What is not asked for has the documented defaults") {
  const FitOptions options = options_of(kPower, {});
  CHECK(options.request.data == "d.csv");
  CHECK(std::holds_alternative<PowerLaw>(options.request.law));
  CHECK_FALSE(options.request.loss.huber_delta);
  CHECK(options.request.points.kind == PointRule::Kind::all);
  CHECK(options.request.selection.without_run_columns == WithoutRunColumns::each_row_is_a_run);
  CHECK(options.request.bootstrap == 0);
  CHECK(options.request.seed == 1);
  CHECK(options.request.threads == 0);
  CHECK(options.request.project.empty());
  CHECK_FALSE(options.request.backtest);
  CHECK(options.output.format == "csv");
}

TEST_CASE("Every flag arrives") {
  const FitOptions options = options_of(kTwo, {"--by",          "a,b",
                                               "--run",         "r",
                                               "--run",         "s",
                                               "--where",       "step>=2e4",
                                               "--where",       "k=1,2",
                                               "--cluster",     "k",
                                               "--weight",      "w",
                                               "--huber-delta", "1e-3",
                                               "--points",      "after:0.1",
                                               "--bootstrap",   "4000",
                                               "--seed",        "7",
                                               "--threads",     "2",
                                               "--project",     "7e9:1.4e11,1e9:2e10",
                                               "--projections", "p.csv",
                                               "--target-loss", "2.1,2",
                                               "--targets",     "t.csv",
                                               "--backtest",    "--report",
                                               "r.html",        "--format",
                                               "json",          "-o",
                                               "o.json"});
  CHECK(std::holds_alternative<ChinchillaLaw>(options.request.law));
  CHECK(options.request.selection.parameters == "n");
  CHECK(options.request.selection.tokens == "d");
  CHECK(options.request.selection.by == Words{"a", "b"});
  CHECK(options.request.selection.run == Words{"r", "s"});
  CHECK(options.request.selection.where == Words{"step>=2e4", "k=1,2"});
  CHECK(options.request.selection.cluster == "k");
  CHECK(options.request.selection.weight == "w");
  CHECK(options.request.loss.huber_delta == std::optional<double>(1e-3));
  CHECK(options.request.points.kind == PointRule::Kind::after);
  CHECK(options.request.bootstrap == 4000);
  CHECK(options.request.seed == 7);
  CHECK(options.request.threads == 2);
  REQUIRE(options.request.project.size() == 2);
  CHECK(options.request.project[0].x == std::vector<double>{7e9, 1.4e11});
  CHECK(options.projections == "p.csv");
  CHECK(options.request.target_losses == std::vector<double>{2.1, 2});
  CHECK(options.targets == "t.csv");
  CHECK(options.request.backtest);
  CHECK(options.report == "r.html");
  CHECK(options.output.file == "o.json");
}

TEST_CASE("A law takes the columns of its inputs, and says which") {
  const Words p3 = {"d.csv", "--law", "p3", "--loss", "l"};
  const Words outer = {"d.csv", "--law", "chinchilla-outer", "--loss", "l"};
  CHECK(complaint(p3, {}) == "--law p3 needs --compute COL");
  CHECK(complaint(p3, {"--parameters", "n", "--tokens", "d"}) ==
        "--law p3 takes --compute COL in place of --parameters and --tokens");
  CHECK(complaint(p3, {"--compute", "c", "--tokens", "d"}) ==
        "--law p3 takes --compute COL in place of --parameters and --tokens");
  CHECK(complaint(outer, {}) == "--law chinchilla-outer needs --parameters COL and --tokens COL");
  CHECK(complaint(outer, {"--tokens", "d"}) == "--law chinchilla-outer needs --parameters COL and --tokens COL");
  CHECK(complaint(outer, {"--compute", "c"}) ==
        "--law chinchilla-outer takes --parameters COL and --tokens COL in place of --compute");
  CHECK(complaint(outer, {"--parameters", "n", "--tokens", "n"}) ==
        "--parameters and --tokens both name the column 'n'");
  CHECK(complaint(p3, {"--compute", "l"}) == "--compute and --loss both name the column 'l'");
}

TEST_CASE("Pairs belong to the paired law") {
  const FitOptions options = options_of(kPaired, {"--run", "seed,attention", "--where", "p=1"});
  REQUIRE(options.request.arms);
  CHECK(options.request.arms->column == "attention");
  const Selection moba = selection_of_arm(options.request, options.request.arms->a);
  CHECK(moba.where == Words{"p=1", "attention=moba"});
  CHECK(moba.run == Words{"model", "seed"});  // told apart by size, and not by what is compared
  CHECK(selection_of_targets(options.request).loss.empty());
  CHECK(complaint(kPower, {"--pair", "a=b,c"}) == "--pair belongs to --law paired");
  CHECK(complaint(kPower, {"--size", "n"}) == "--size belongs to --law paired");
  CHECK(complaint(kPaired, {"--by", "attention"}) == "--by attention: --pair joins what that column tells apart");
  CHECK(complaint(kPaired, {"--cluster", "k"}) == "--cluster: with --law paired every pair is a cluster of its own");
  const Words bare = {"d.csv", "--law", "paired", "--loss", "l", "--compute", "c"};
  CHECK(complaint(bare, {"--size", "n"}) == "--law paired needs --pair COL=A,B, as in attention=moba,full");
  CHECK(complaint(bare, {"--pair", "a=b,c"}) == "--law paired needs --size COL: runs of the same size make a pair");
  for (const std::string bad : {"a", "=b,c", "a=b", "a=,c", "a=b,", "a=b,c,d"}) {
    CHECK(complaint(bare, {"--size", "n", "--pair", bad}) ==
          "--pair '" + bad + "': COL=A,B expected, as in attention=moba,full");
  }
  CHECK(complaint(bare, {"--size", "n", "--pair", "a=b,b"}) == "--pair 'a=b,b': the two arms are the same");
}

TEST_CASE("Rules about the end of a run need to know what a run is") {
  const std::string named = "keeps one point of each run: name the columns that tell runs apart with --run";
  CHECK(complaint(kPower, {"--points", "last"}) == "--points last " + named);
  CHECK(complaint(kPower, {"--points", "mean:0.1"}) == "--points mean:0.1 " + named);
  for (const std::string rule : {"tail:0.1", "after:0.1"}) {
    CHECK(options_of(kPower, {"--points", rule}).request.selection.without_run_columns ==
          WithoutRunColumns::each_group_is_a_run);
    CHECK(options_of(kPower, {"--points", rule, "--run", "r"}).request.selection.without_run_columns ==
          WithoutRunColumns::each_row_is_a_run);
    CHECK(complaint(kPower, {"--points", rule, "--cluster", "k"}).find("with --run") != std::string::npos);
  }
  CHECK(complaint(kPaired, {"--points", "last"}).empty());  // there the size tells runs apart
  CHECK(complaint(kPower, {"--points", "tail:5"}) ==
        "--points 'tail:5': the tail must be a fraction above 0 and up to 1, as in tail:0.05");
}

TEST_CASE("Numbers out of range are refused with the range") {
  CHECK(complaint(kPower, {"--huber-delta", "0"}) == "--huber-delta 0: a number above 0 is wanted, as in 1e-3");
  for (const std::string bad : {"-1", "nan", "inf"}) CHECK_FALSE(complaint(kPower, {"--huber-delta=" + bad}).empty());
  CHECK(complaint(kPower, {"--huber-delta", "1", "--squares"}) == "--huber-delta and --squares exclude each other");
  CHECK(complaint(kPower, {"--squares"}).empty());
  CHECK(complaint(kPower, {"--bootstrap", "99"}) == "--bootstrap 99: 100 to 1000000 resamples can be had");
  CHECK(complaint(kPower, {"--bootstrap", "1000001"}) == "--bootstrap 1000001: 100 to 1000000 resamples can be had");
  CHECK(complaint(kPower, {"--seed", "3"}) == "--seed is that of the resamples: it needs --bootstrap N");
  CHECK(complaint(kPower, {"--threads=-1"}) == "--threads -1: 0 (one a core) to 1024 can be had");
  CHECK(complaint(kPower, {"--bootstrap", "100", "--seed=-3"}) == "--seed -3: it must not be negative");
  CHECK(complaint(kPower, {"--bootstrap", "1e3"}).starts_with("Could not convert: --bootstrap = 1e3"));
}

TEST_CASE("Projections and targets are asked for in full") {
  CHECK(complaint(kPower, {"--project", "6B"}) == "--project '6B': a number above 0 is wanted, as in 6e9");
  CHECK(complaint(kTwo, {"--project", "1e9"}) ==
        "--project '1e9': parameters:tokens are wanted, two numbers above 0, as in 7e9:140e9");
  CHECK(complaint(kPower, {"--project", "1", "--project-from", "p.csv"}) ==
        "--project and --project-from exclude each other");
  CHECK(complaint(kPower, {"--project-where", "a=1"}) ==
        "--project-where: it needs --project-from FILE.csv, whose rows it chooses");
  CHECK(complaint(kPower, {"--projections", "p.csv"}) ==
        "--projections: nothing to write without --project or --project-from");
  CHECK(complaint(kPower, {"--targets", "t.csv"}) == "--targets: nothing to write without --target-loss");
  CHECK(complaint(kPower, {"--target-loss", "2,x"}) == "--target-loss 'x': a number above 0 is wanted");
  const FitOptions from = options_of(kPower, {"--where", "a=1", "--project-from", "p.csv", "--project-where", "a!=1"});
  CHECK(selection_of_targets(from.request).where == Words{"a!=1"});
  CHECK(selection_of_targets(from.request).loss == "l");
}

TEST_CASE("No file is written twice, or over what is read") {
  CHECK(complaint(kPower, {"-o", "d.csv"}) == "--output d.csv: that is the file of the data");
  CHECK(complaint(kPower, {"-o", "./x/../d.csv"}) == "--output ./x/../d.csv: that is the file of the data");
  CHECK(complaint(kPower, {"--project", "1", "--projections", "a.csv", "-o", "a.csv"}) ==
        "--projections a.csv: that is the file of --output");
  CHECK(complaint(kPower, {"--project-from", "p.csv", "--projections", "p.csv"}) ==
        "--projections p.csv: that is the file of --project-from");
  CHECK(complaint(kPower, {"--report", "r.pdf"}) == "--report r.pdf: its name must end in .html or .txt");
  CHECK(complaint(kPower, {"--project", "1", "--projections", "/dev/null", "-o", "/dev/null"}).empty());
  const auto folder = std::filesystem::temp_directory_path();
  const auto file = folder / "mobasim_fit_options_test.csv", link = folder / "mobasim_fit_options_link.csv";
  std::filesystem::remove(link);
  std::ofstream(file) << "c,l\n";
  std::filesystem::create_symlink(file, link);
  const Words base = {file.string(), "--law", "p2", "--loss", "l", "--compute", "c"};
  CHECK(complaint(base, {"-o", link.string()}) == "--output " + link.string() + ": that is the file of the data");
  std::filesystem::remove(link);
  std::filesystem::remove(file);
}

TEST_CASE("Everything that is wrong is said at once") {
  const std::string told =
      complaint(kPower, {"--seed", "3", "--targets", "t.csv", "--points", "lost", "--huber-delta", "0"});
  for (const std::string part : {"--seed is", "--targets:", "--points 'lost'", "--huber-delta 0"}) {
    CHECK(told.find(part) != std::string::npos);
  }
}

TEST_CASE("Help opens with examples and names every law") {
  Parser parser("test", "1");
  FitFlags flags;
  const std::string help = added_fit_command(parser.program(), flags).help();
  CHECK(help.find("Examples:") < help.find("--law"));
  for (const std::string& law : law_names()) CHECK(help.find(law + ": ") != std::string::npos);
}

}  // namespace mobasim::tests::options_test
