// Wrong code must not compile: see tests/must_not_compile/units.cpp for how the cases are written.
#include <sstream>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/program.h"
#include "tests/tree/compiler.h"

namespace mobasim::tests::must_not_compile_test {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string joined_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string lines_with_errors(const std::string& messages) {
  std::string found;
  for (const std::string& line : lines_of(messages)) {
    if (line.find("error:") != std::string::npos) found += line + "\n";
  }
  return found;
}

// Takes the mark off one marked line after the other and looks where the compiler complains.
void check_marked_lines(const std::filesystem::path& file, int& cases) {
  const std::vector<std::string> lines = lines_of(file_content(file));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t mark = lines[i].find("//! ");
    if (mark == std::string::npos || lines[i].find_first_not_of(' ') != mark) continue;
    ++cases;
    std::vector<std::string> wrong = lines;
    wrong[i].erase(mark, 4);
    const Outcome outcome = outcome_of_compiler(joined_lines(wrong), ScratchFolder().path());
    const std::string errors = lines_with_errors(outcome.err);
    INFO(file.string() << ":" << i + 1 << ": " << wrong[i] << "\n" << outcome.err);
    CHECK(outcome.exit_code != 0);
    CHECK(errors.starts_with("snippet.cpp:" + std::to_string(i + 1) + ":"));
  }
}

TEST_CASE("the lines of tests/must_not_compile do not compile, and all else there does") {
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_folder() / "tests" / "must_not_compile")) {
    const Outcome control = outcome_of_compiler(file_content(entry.path()), ScratchFolder().path());
    INFO(entry.path().string() << "\n" << control.err);
    REQUIRE(control.exit_code == 0);
    check_marked_lines(entry.path(), cases);
  }
  CHECK(cases >= 20);
}

}  // namespace
}  // namespace mobasim::tests::must_not_compile_test
