#include "kernels/bench/journal.h"

#include "sim/base/error.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::journal_test {
using namespace kernels;
using namespace kernels::bench;

namespace {

FinishedGroup group_named(const std::string& name, double spent) {
  ProfileRow row;
  row.operation = "gemm";
  row.dtype = "f32";
  row.m = row.n = row.k = 7;
  row.time = row.time_lo = row.time_hi = Seconds(0.1);
  row.samples = 1;
  row.sampling = "time_out";
  row.source = "a \"machine\", 2 threads";
  return {name, Seconds(spent), {{row, {{0.1, 2, 1e9, true}, {1.0 / 3, 2.5, 5e8, false}}}, {row, {{0.2, 3, 0, true}}}}};
}

const Identity kIdentity = {{"threads", "2"}, {"build", "abc"}};

}  // namespace

TEST_CASE("a journal gives back the groups that were finished") {
  const tests::ScratchFolder folder;
  GroupJournal written(folder / "j.csv", kIdentity);
  written.append(group_named("one, or so", 1.5));
  written.append(group_named("two", 2.5));
  GroupJournal read = GroupJournal::resumed(folder / "j.csv", kIdentity);
  REQUIRE(read.groups().size() == 2);
  CHECK(read.groups()[0].name == "one, or so");
  CHECK(read.groups()[1].spent == Seconds(2.5));
  REQUIRE(read.groups()[0].rows.size() == 2);
  const MeasuredRow& row = read.groups()[0].rows[0];
  CHECK(row.row.source == "a \"machine\", 2 threads");
  CHECK(row.row.sampling == "time_out");
  REQUIRE(row.samples.size() == 2);
  CHECK(row.samples[1].time == 1.0 / 3);
  CHECK(row.samples[1].at == 2.5);
  CHECK(row.samples[1].probe == 5e8);
  CHECK_FALSE(row.samples[1].kept);
  read.remove();
  CHECK_FALSE(std::filesystem::exists(folder / "j.csv"));
}

TEST_CASE("of the visits to a group a journal gives back the last, which has all samples") {
  const tests::ScratchFolder folder;
  GroupJournal written(folder / "j.csv", kIdentity);
  written.append(group_named("one", 1));
  written.append(group_named("two", 2));
  FinishedGroup again = group_named("one", 3);
  again.rows[0].samples.push_back({0.4, 2.75, 1e9, true});
  written.append(again);
  const GroupJournal read = GroupJournal::resumed(folder / "j.csv", kIdentity);
  REQUIRE(read.groups().size() == 2);
  CHECK(read.groups()[0].name == "two");
  CHECK(read.groups()[1].name == "one");
  CHECK(read.groups()[1].spent == Seconds(3));
  CHECK(read.groups()[1].rows[0].samples.size() == 3);
}

TEST_CASE("wherever a journal is cut off, the groups before that are read and more can be appended") {
  const tests::ScratchFolder folder;
  const std::filesystem::path file = folder / "j.csv";
  GroupJournal written(file, kIdentity);
  const std::size_t empty = tests::file_content(file).size();
  written.append(group_named("one", 1));
  const std::size_t one = tests::file_content(file).size();
  written.append(group_named("two", 2));
  const std::string whole = tests::file_content(file);
  for (std::size_t length = empty; length <= whole.size(); length += 7) {
    tests::put_file(file, whole.substr(0, length));
    GroupJournal journal = GroupJournal::resumed(file, kIdentity);
    CHECK(journal.groups().size() == (length < one ? 0u : length < whole.size() ? 1u : 2u));
    journal.append(group_named("three", 3));
    const GroupJournal again = GroupJournal::resumed(file, kIdentity);
    REQUIRE(again.groups().size() == journal.groups().size() + 1);
    CHECK(again.groups().back().name == "three");
  }
}

TEST_CASE("a journal of another bench is refused in words, and what is none likewise") {
  const tests::ScratchFolder folder;
  GroupJournal written(folder / "j.csv", kIdentity);
  try {
    (void)GroupJournal::resumed(folder / "j.csv", {{"threads", "1"}, {"build", "abc"}});
    FAIL("accepted");
  } catch (const ConfigError& error) {
    CHECK(std::string(error.what()).find("threads was '2' and is '1'") != std::string::npos);
    CHECK(std::string(error.what()).find("build was") == std::string::npos);
  }
  tests::put_file(folder / "other.csv", "a,b\n1,2\n");
  CHECK_THROWS_AS(GroupJournal::resumed(folder / "other.csv", kIdentity), ConfigError);
}

TEST_CASE("the identity of a bench holds its options but not its budget") {
  Options options = completed({});
  const Identity before = identity_of(options);
  options.budget = Seconds(1000);
  CHECK(identity_of(options) == before);
  options.threads += 1;
  CHECK(identity_of(options) != before);
}

}  // namespace mobasim::tests::journal_test
