#include "kernels/verify/verification.h"

#include "tests/catch.h"

namespace mobasim::tests::verification_test {
using namespace kernels;

TEST_CASE("cases are verified in every format, the worst of all seeds, and summed up") {
  verify::Wanted wanted;
  wanted.cases = {case_named(cases(), "window_1"), case_named(cases(), "full_no_token")};
  wanted.dtypes = {Dtype::f32, Dtype::bf16};
  wanted.seeds = 2;
  std::size_t told = 0;
  std::vector<std::string> lines;
  const Progress progress([&](const std::string& line) { lines.push_back(line); }, {});
  const std::vector<verify::Row> rows = verified(wanted, progress, [&](const verify::Row&) { ++told; });
  CHECK(rows.size() == told);
  CHECK(failures(rows) == 0);
  REQUIRE(lines.size() == 8);
  CHECK(lines[1] == "verify cpu: window_1, seed 2");
  CHECK(summary(rows, wanted).starts_with(fmt::format("{} checks of 2 cases on cpu: 0 failed, ", rows.size())));
}

TEST_CASE("verification stops when asked to, and notes name the row") {
  verify::Wanted wanted;
  wanted.cases = {case_named(cases(), "window_1")};
  CHECK_THROWS_AS(verified(wanted, Progress({}, [] { return true; })), Stopped);
  verify::Row row;
  row.case_name = "window_1";
  row.backend = "cpu";
  row.pass_name = "forward";
  CHECK(note_on(row).empty());
  row.note = "a word";
  CHECK(note_on(row) == "window_1, cpu, f32, forward: a word");
}

}  // namespace mobasim::tests::verification_test
