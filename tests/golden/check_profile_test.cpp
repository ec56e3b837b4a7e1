// mobasim check-profile as it is run.
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::check_profile_test {
namespace {

constexpr const char* kHeader =
    "operation,mechanism,implementation,pass,dtype,sequence,batch,heads,kv_heads,head_dim,block,top_k,window,m,n,k,"
    "flops,bytes,time_s,time_lo_s,time_hi_s,samples,basis,source\n";

// Attention at one rate but for one length, which takes twice as long.
std::string profile() {
  std::string text = kHeader;
  for (const long sequence : {1024, 2048, 4096, 8192, 16384}) {
    const double flops = 64.0 * 2 * 4 * static_cast<double>(sequence * (sequence + 1) / 2);
    const double seconds = flops / 1e11 * (sequence == 4096 ? 2 : 1);
    const std::string time = std::to_string(seconds);
    text += "attention,full,a kernel,forward,f32," + std::to_string(sequence) + ",1,2,2,64,,,,,,," +
            std::to_string(flops) + ",," + time + "," + time + "," + time + ",9,measured,a test\n";
  }
  return text;
}

std::string device(const std::string& table) {
  return "name: here\nsource: a test\npeak: {f32: 1 TFLOP/s}\nmemory: 1 GB\nmemory_bandwidth: 100 GB/s\n"
         "efficiency:\n  gemm: {value: 0.5, basis: assumed, source: a test}\n"
         "  memory_bound: {value: 0.5, basis: assumed, source: a test}\n" +
         table;
}

}  // namespace

TEST_CASE("check-profile prints a row for each shape, and its limits make the exit code") {
  const ScratchFolder folder;
  put_file(folder / "here.yaml", device("profile: here.csv\n"));
  put_file(folder / "here.csv", profile());
  const auto check = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"check-profile", "here.yaml"});
    return outcome_of_program(more, folder.path());
  };
  const Outcome plain = check({});
  CHECK(plain.exit_code == 0);
  CHECK(plain.out.starts_with("operation,mechanism,implementation,pass,dtype,sequence,"));
  CHECK(plain.out.find("attention,full,a kernel,forward,f32,4096,") != std::string::npos);
  CHECK(plain.out.find(",extrapolated,") != std::string::npos);
  CHECK(plain.out.find(",interpolated,") != std::string::npos);
  CHECK(plain.err.find("inner") != std::string::npos);
  const Outcome tight = check({"--max-median", "0.03"});
  CHECK(tight.exit_code == 1);
  CHECK(tight.out == plain.out);
  CHECK(tight.err.find("above 3.0%") != std::string::npos);
  CHECK(check({"--max-median", "0.6", "--max-p90", "0.6"}).exit_code == 0);
  CHECK(check({"--max-layer", "0.1"}).exit_code == 1);  // none was measured
}

TEST_CASE("check-profile of published tables, and of what is no device") {
  const ScratchFolder folder;
  CHECK(outcome_of_program({"check-profile", "h100-sxm"}, folder.path()).exit_code == 0);
  const auto refused = [&](std::vector<std::string> arguments, const std::string& message) {
    const Outcome outcome = outcome_of_program(arguments, folder.path());
    INFO(outcome.err);
    CHECK(outcome.exit_code == 2);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.find(message) != std::string::npos);
  };
  refused({"check-profile", "h100-sxn"}, "did you mean 'h100-sxm'");
  refused({"check-profile"}, "device");
  refused({"check-profile", "h100-sxm", "--max-p90", "-1"}, "--max-p90");
  for (const char* value : {"nan", "inf", "1e999", "0"}) {
    for (const char* flag : {"--max-median", "--max-p90", "--max-layer"}) {
      refused({"check-profile", "h100-sxm", flag, value}, "is not a finite number");
    }
  }
  put_file(folder / "bare.yaml", device(""));
  refused({"check-profile", "bare.yaml"}, "no measured rows");
}

TEST_CASE("check-profile says what it could not predict, and a limit is not met then") {
  const ScratchFolder folder;
  put_file(folder / "here.yaml", device("profile: here.csv\n"));
  put_file(folder / "here.csv",
           profile() + "gemm,,a library,,f32,,,,,,,,,256,512,64,1e7,,1e-4,1e-4,1e-4,9,measured,me\n");
  const auto check = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"check-profile", "here.yaml"});
    return outcome_of_program(more, folder.path());
  };
  const Outcome plain = check({});
  CHECK(plain.exit_code == 0);
  CHECK(plain.err.find("1 shape could not be predicted: gemm f32 256 x 512 x 64 (fewer than three") !=
        std::string::npos);
  CHECK(check({"--max-median", "0.9"}).exit_code == 1);
  CHECK(check({"--max-p90", "0.9"}).exit_code == 1);
}

TEST_CASE("check-profile lists what a disturbed machine measured, and leaves it out of the summary") {
  const ScratchFolder folder;
  put_file(folder / "here.yaml", device("profile: here.csv\n"));
  std::istringstream lines(profile());
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    const bool header = line.starts_with("operation"), slow = line.find(",f32,4096,") != std::string::npos;
    text += line + (header ? ",sampling\n" : slow ? ",disturbed\n" : ",settled\n");
  }
  put_file(folder / "here.csv", text);
  const Outcome outcome =
      outcome_of_program({"check-profile", "here.yaml", "--max-median", "0.01", "--max-p90", "0.01"}, folder.path());
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out.find(",disturbed,") != std::string::npos);
  CHECK(outcome.err.find("1 of 5 shapes are of a disturbed machine") != std::string::npos);
}

}  // namespace mobasim::tests::check_profile_test
