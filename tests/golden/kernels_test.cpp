// mobasim verify and mobasim bench as they are run.
#include "tests/catch.h"
#include "tests/program.h"

using namespace mobasim::tests;

TEST_CASE("verify prints a row for each case and pass and ends with 0 when all hold") {
  const ScratchFolder folder;
  const Outcome outcome =
      outcome_of_program({"verify", "--case", "moba_whole_blocks", "--case", "window_1"}, folder.path());
  CHECK(outcome.exit_code == 0);
  CHECK(
      outcome.out.starts_with("case,backend,dtype,pass_name,max_error,bound,relative_rms,verdict\n"
                              "moba_whole_blocks,cpu,f32,selection,"));
  CHECK(outcome.out.find("moba_whole_blocks,cpu,f32,forward,") != std::string::npos);
  CHECK(outcome.out.find("moba_whole_blocks,cpu,f32,backward,") != std::string::npos);
  CHECK(outcome.out.find("window_1,cpu,f32,forward,,,,skipped\n") != std::string::npos);
  CHECK(outcome.out.find("fail") == std::string::npos);
  CHECK(outcome.err.find("0 failed, 2 skipped") != std::string::npos);
}

TEST_CASE("verify checks the reference too, and knows its cases") {
  const ScratchFolder folder;
  CHECK(outcome_of_program({"verify", "--backend", "reference", "--case", "window_varlen"}, folder.path()).exit_code ==
        0);
  const Outcome unknown = outcome_of_program({"verify", "--case", "moba_tie"}, folder.path());
  CHECK(unknown.exit_code == 2);
  CHECK(unknown.err.find("did you mean 'moba_ties'") != std::string::npos);
}

TEST_CASE("bench refuses what it cannot do before it spends time") {
  const ScratchFolder folder;
  put_file(folder / "file", "not a folder");
  const Outcome short_budget = outcome_of_program({"bench", "--budget", "1"}, folder.path());
  CHECK(short_budget.exit_code == 2);
  CHECK(short_budget.err.find("at least 5 s") != std::string::npos);
  CHECK(outcome_of_program({"bench", "--name", "a/b"}, folder.path()).exit_code == 2);
  CHECK(outcome_of_program({"bench", "--threads", "-1"}, folder.path()).exit_code == 2);
  CHECK(outcome_of_program({"bench", "-o", "file/out"}, folder.path()).exit_code == 3);
}

TEST_CASE("bench stops on Ctrl-C with 130 and leaves no file behind") {
  const ScratchFolder folder;
  const std::string program = quoted_for_shell(MOBASIM_PROGRAM);
  // timeout runs the program in the foreground of its own group, where SIGINT is not ignored.
  const Outcome outcome = outcome_of_shell(
      "timeout --preserve-status -s INT 2 " + program + " bench -o out; code=$?; ls out; exit $code", folder.path());
  CHECK(outcome.exit_code == 130);
  CHECK(outcome.out == "");
}
