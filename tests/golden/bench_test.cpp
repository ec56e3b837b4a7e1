// mobasim bench as it is interrupted and gone on with, and bench compare.
#include <algorithm>
#include <string>

#include "sim/base/csv.h"
#include "sim/base/profile.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::bench_test {
namespace {

const std::string kProgram = quoted_for_shell(MOBASIM_PROGRAM);
// A few seconds of work, of which the shorter case is done soon.
const std::string kBench =
    " bench --budget 5 --threads 1 --dtype f32 --case time_full_512_d64 --case time_full_4096_d64 -o out";

}  // namespace

TEST_CASE("a bench that is killed goes on with --resume, and what was done is not timed again") {
  const ScratchFolder folder;
  // Killed as soon as a group is in the journal: its last line is one of the group, not the header.
  const Outcome killed = outcome_of_shell(kProgram + kBench +
                                              " >/dev/null 2>&1 & bench=$!\n"
                                              "until grep -q '^\"attention, 512 tokens, head_dim 64\"' "
                                              "out/cpu-local.partial.csv 2>/dev/null; do sleep 0.01; "
                                              "kill -0 $bench || break; done\nkill -9 $bench\nwait $bench\nls out",
                                          folder.path());
  REQUIRE(killed.out == "cpu-local.partial.csv\n");
  const CsvTable journal = CsvTable::read(folder / "out/cpu-local.partial.csv");
  REQUIRE(journal.rows() >= 1);
  const Outcome resumed = outcome_of_shell(kProgram + kBench + " --resume", folder.path());
  INFO(resumed.err);
  CHECK(resumed.exit_code == 0);
  CHECK(resumed.err.find("resumed: ") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "out/cpu-local.partial.csv"));
  const std::string samples = file_content(folder / "out/cpu-local.samples.csv");
  const std::string of_journal(journal.text(journal.rows() - 1, journal.column("sample_times")));
  CHECK(samples.find("," + of_journal.substr(0, of_journal.find(' ')) + ",") != std::string::npos);
  CHECK(file_content(folder / "out/cpu-local.provenance.json").find("\"resumed\": true") != std::string::npos);
}

TEST_CASE("an interrupted bench is not gone on with by other options, and without --resume it begins anew") {
  const ScratchFolder folder;
  const Outcome stopped = outcome_of_shell("timeout --foreground --preserve-status -s INT 2 " + kProgram +
                                               " bench --threads 1 --dtype f32 -o out >/dev/null",
                                           folder.path());
  CHECK(stopped.exit_code == 130);
  CHECK(stopped.err.find("--resume") != std::string::npos);
  REQUIRE(std::filesystem::exists(folder / "out/cpu-local.partial.csv"));
  const Outcome other = outcome_of_shell(kProgram + " bench --threads 2 --dtype f32 -o out --resume", folder.path());
  CHECK(other.exit_code == 2);
  CHECK(other.err.find("threads was '1' and is '2'") != std::string::npos);
  CHECK(std::filesystem::exists(folder / "out/cpu-local.partial.csv"));
  const Outcome anew = outcome_of_shell(kProgram + kBench, folder.path());
  CHECK(anew.exit_code == 0);
  CHECK(file_content(folder / "out/cpu-local.provenance.json").find("\"resumed\": false") != std::string::npos);
}

TEST_CASE("flags of a bench that do not belong together are refused before time is spent") {
  const ScratchFolder folder;
  const auto refused = [&](const std::string& flags, const std::string& words) {
    const Outcome outcome = outcome_of_shell(kProgram + " bench " + flags, folder.path());
    INFO(flags << ": " << outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.err.find(words) != std::string::npos);
    CHECK(outcome.out.empty());
  };
  refused("--resume", "--resume needs -o");
  refused("--resume -o out", "there is nothing to resume");
  refused("--budget nan", "a budget of nan s");
  refused("--budget inf", "a budget of inf s");
  refused("--case time_full_512_d64 --only gemm", "without parts of the bench");
  put_file(folder / "out/cpu-local.yaml", "name: cpu-local");
  refused("--only gemm -o out", "this bench measures only a part of one");
  refused("--case time_full_512_d64 -o out", "this bench measures only a part of one");
  refused("--dtype fp16", "f32, bf16 and both");
  refused("--backend cuda --dtype f32", "bf16 and fp16");
  refused("--backend cuda --only gemm", "for --backend cpu");
  refused("--only gemms", "did you mean 'gemm'");
  refused("--instruction-set avx513", "it has ");
  refused("compare", "A is required");
  refused("compare nowhere.csv nowhere.csv", "nowhere.csv");
  refused("compare . .", "no file NAME.profile.csv");
  refused("compare h100-sxm cpu-nowhere", "cpu-nowhere");
  for (const char* wrong : {"nan", "inf", "-inf", "-0.5", "1.5"}) {
    refused(std::string("compare h100-sxm h100-sxm --tolerance ") + wrong, "a tolerance is a number from 0 to 1");
  }
}

TEST_CASE("bench compare tells what became slower, by name of a device, a folder or a file") {
  const ScratchFolder folder;
  const std::filesystem::path shipped = source_folder() / "configs/devices/h100-sxm.profile.csv";
  std::filesystem::create_directory(folder / "b");
  const Outcome same = outcome_of_shell(
      "cp " + quoted_for_shell(shipped.string()) + " b/x.profile.csv\n" + kProgram + " bench compare h100-sxm b",
      folder.path());
  INFO(same.err);
  CHECK(same.exit_code == 0);
  CHECK(same.out.starts_with("operation,shape,implementation,time_a_s,time_b_s,"));
  CHECK(same.out.find(",slower,") == std::string::npos);
  CHECK(same.out.find(",faster,") == std::string::npos);
  CHECK(same.out.find(",no_spread") != std::string::npos);  // published rows do not say how far samples lay apart

  std::vector<ProfileRow> rows = read_profile(shipped);
  for (ProfileRow& row : rows) row.samples = 20, row.time_lo = 0.99 * row.time, row.time_hi = 1.01 * row.time;
  put_file(folder / "a.profile.csv", rendered(profile_table(rows), TableFormat::csv));
  for (ProfileRow& row : rows) row.time *= 1.5, row.time_lo *= 1.5, row.time_hi *= 1.5;
  put_file(folder / "b/x.profile.csv", rendered(profile_table(rows), TableFormat::csv));
  const Outcome slower = outcome_of_shell(kProgram + " bench compare a.profile.csv b/x.profile.csv", folder.path());
  CHECK(slower.exit_code == 0);
  CHECK(slower.out.find(",slower,") != std::string::npos);
  CHECK(slower.out.find(",quartiles,") != std::string::npos);
  CHECK(slower.err.find("geometric mean of B / A 1.5000") != std::string::npos);
  const std::string all = std::to_string(rows.size());
  CHECK(slower.err.find(", of " + all + " of " + all) != std::string::npos);
}

}  // namespace mobasim::tests::bench_test
