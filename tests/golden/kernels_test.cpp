// mobasim verify and mobasim bench as they are run.
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::kernels_test {
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
  CHECK(outcome.out.find("moba_whole_blocks,cpu,bf16,backward,") != std::string::npos);
  CHECK(outcome.err.find("0 failed, 4 skipped") != std::string::npos);
}

TEST_CASE("verify forces each instruction set in turn") {
  const ScratchFolder folder;
  const Outcome all = outcome_of_program(
      {"verify", "--case", "moba_ties", "--dtype", "f32", "--instruction-set", "all"}, folder.path());
  CHECK(all.exit_code == 0);
  CHECK(all.out.find("moba_ties,cpu/scalar,f32,backward,") != std::string::npos);
  const Outcome one = outcome_of_program(
      {"verify", "--case", "moba_ties", "--dtype", "bf16", "--instruction-set", "scalar"}, folder.path());
  CHECK(one.exit_code == 0);
  CHECK(one.err.find("3 checks of 1 cases on cpu: 0 failed") != std::string::npos);
}

TEST_CASE("verify checks the reference too, and knows its cases") {
  const ScratchFolder folder;
  CHECK(outcome_of_program({"verify", "--backend", "reference", "--case", "window_varlen"}, folder.path()).exit_code ==
        0);
  const Outcome unknown = outcome_of_program({"verify", "--case", "moba_tie"}, folder.path());
  CHECK(unknown.exit_code == 2);
  CHECK(unknown.err.find("did you mean 'moba_ties'") != std::string::npos);
}

TEST_CASE("verify runs the CUDA kernels on the executor, in both formats unless told otherwise") {
  const ScratchFolder folder;
  const auto verify = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"verify", "--backend", "simt", "--case", "moba_varlen"});
    return outcome_of_program(more, folder.path());
  };
  const Outcome both = verify({});
  CHECK(both.exit_code == 0);
  for (const char* dtype : {"bf16", "fp16"}) {
    for (const char* pass : {"selection", "forward", "backward"}) {
      CHECK(both.out.find("moba_varlen,simt," + std::string(dtype) + "," + pass + ",") != std::string::npos);
    }
  }
  CHECK(both.err.find("6 checks of 1 cases on simt: 0 failed, 0 skipped; the worst came to 0.") != std::string::npos);
  const Outcome one = verify({"--dtype", "fp16", "--seeds", "2"});
  CHECK(one.exit_code == 0);
  CHECK(one.out.find("bf16") == std::string::npos);
  CHECK(one.err.find("3 checks of 1 cases") != std::string::npos);
  CHECK(one.out != verify({"--dtype", "fp16"}).out);  // of two seeds the worse
}

TEST_CASE("verify refuses flags that make no sense together") {
  const ScratchFolder folder;
  const auto refused = [&](std::vector<std::string> more, const std::string& message) {
    more.insert(more.begin(), "verify");
    const Outcome outcome = outcome_of_program(more, folder.path());
    INFO(outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.err.find(message) != std::string::npos);
  };
  refused({"--backend", "simt", "--dtype", "f32"}, "there are bf16, fp16 and both");
  refused({"--backend", "cpu", "--dtype", "fp16"}, "there are f32, bf16 and both");
  refused({"--backend", "reference", "--dtype", "bf16"}, "--dtype is not for --backend reference");
  refused({"--instruction-set", "sse9"}, "this processor has no instruction set 'sse9'");
  refused({"--backend", "simt", "--instruction-set", "scalar"}, "--instruction-set is for --backend cpu");
  refused({"--quick", "--case", "moba_ties"}, "excludes");
  refused({"--quick", "--thorough"}, "excludes");
  refused({"--backend", "simd"}, "did you mean 'simt'");
  refused({"--seeds", "0"}, "--seeds");
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

TEST_CASE("bench of a GPU says what would run without one, and never times what is none") {
  const ScratchFolder folder;
  const Outcome dry = outcome_of_program(
      {"bench", "--backend", "cuda", "--dry-run", "--device", "h100-sxm", "--case", "gpu_moba_b512_k3_32768_d128"},
      folder.path());
  CHECK(dry.exit_code == 0);
  CHECK(dry.out.starts_with("case,pass,stage,useful_flops,hardware_flops,bytes,floor_s,bound_by\n"));
  CHECK(dry.err.find("nothing was run") != std::string::npos);
  CHECK(outcome_of_program({"bench", "--dry-run"}, folder.path()).exit_code == 2);
  const Outcome unknown =
      outcome_of_program({"bench", "--backend", "cuda", "--dry-run", "--case", "gpu_ful_2048_d64"}, folder.path());
  CHECK(unknown.exit_code == 2);
  CHECK(unknown.err.find("gpu_full_2048_d64") != std::string::npos);
}

TEST_CASE("bench stops on Ctrl-C with 130 and leaves what was done, to be resumed, and nothing else") {
  const ScratchFolder folder;
  const std::string program = quoted_for_shell(MOBASIM_PROGRAM);
  // timeout runs the program in the foreground of its own group, where SIGINT is not ignored.
  const Outcome outcome = outcome_of_shell(
      "timeout --foreground --preserve-status -s INT 2 " + program + " bench -o out; code=$?; ls out; exit $code",
      folder.path());
  CHECK(outcome.exit_code == 130);
  CHECK(outcome.out == "cpu-local.partial.csv\n");
}

}  // namespace mobasim::tests::kernels_test
