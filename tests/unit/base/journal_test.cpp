#include "sim/base/journal.h"

#include "sim/base/error.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::journal_test {
namespace {

const JournalHead kHead = {"sweep", {{"threads", "2"}, {"build", "a: b"}}, "point,time_s\n"};

const std::string kBegin =
    "# An interrupted mobasim sweep; --resume goes on with it.\n# threads: 2\n# build: a: b\npoint,time_s\n";

std::string refusal(const std::filesystem::path& file, const JournalHead& head) {
  try {
    (void)Journal::resumed(file, head);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a journal is its head and what was appended, and can be gone on with") {
  const tests::ScratchFolder folder;
  const std::filesystem::path file = folder / "j.csv";
  const Journal begun(file, kHead);
  CHECK(tests::file_content(file) == kBegin);
  begun.append("1,0.5\n");
  begun.append("2,0.25\n");
  const Journal resumed = Journal::resumed(file, kHead);
  CHECK(resumed.text() == kBegin + "1,0.5\n2,0.25\n");
  resumed.append("3,1\n");
  CHECK(tests::file_content(file) == kBegin + "1,0.5\n2,0.25\n3,1\n");
  resumed.remove();
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("a line that was cut off is not read, and what is kept is written anew") {
  const tests::ScratchFolder folder;
  const std::filesystem::path file = folder / "j.csv";
  tests::put_file(file, kBegin + "1,0.5\n2,0.2");
  Journal journal = Journal::resumed(file, kHead);
  CHECK(journal.text() == kBegin + "1,0.5\n");
  journal.keep("1,0.5\n");
  journal.append("2,0.25\n");
  CHECK(tests::file_content(file) == kBegin + "1,0.5\n2,0.25\n");
}

TEST_CASE("a journal of another identity is refused, telling what differs, and so is what is none") {
  const tests::ScratchFolder folder;
  const std::filesystem::path file = folder / "j.csv";
  const Journal begun(file, kHead);
  JournalHead other = kHead;
  other.identity[0].second = "1";
  other.identity.emplace_back("seed", "3");
  CHECK(refusal(file, other) ==
        file.string() +
            ": this sweep cannot be resumed: threads was '2' and is '1', seed was 'not told' and is '3'. Without "
            "--resume it begins anew");
  other.work = "bench";
  CHECK(refusal(file, other) == file.string() + ": this is no interrupted bench");
  tests::put_file(file, "a,b\n1,2\n");
  CHECK(refusal(file, kHead) == file.string() + ": this is no interrupted sweep");
}

}  // namespace mobasim::tests::journal_test
