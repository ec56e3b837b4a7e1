// A precompiled header serves files of its own level of optimisation, or from -O2 on those of a higher one. GCC 12.2
// crashes where a header of -O1 is used at -O3, and GCC 14.2 does not take it.
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::precompiled_test {
namespace {

// The last group of the last match; "" where there is none.
std::string last_of(const std::string& text, const std::regex& pattern) {
  std::string found;
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match) found = (*match)[1];
  return found;
}

// The commands, one a line of CMake's compile_commands.json, that use a header of another level than they may.
std::vector<std::string> mixed_levels(const std::string& commands) {
  static const std::regex level(R"( -O(\w+))"), made(R"( -o (\S+\.hxx)\.gch )"), used(R"( -include (\S+\.hxx) )");
  std::map<std::string, std::string> level_of_header;
  std::vector<std::string> users, mixed;
  std::istringstream stream(commands);
  for (std::string line; std::getline(stream, line);) {
    const std::string header = last_of(line, made);
    if (!header.empty()) level_of_header[header] = last_of(line, level);
    if (!last_of(line, used).empty()) users.push_back(line);
  }
  for (const std::string& line : users) {
    const std::string own = last_of(line, level);
    for (const auto& [header, its] : level_of_header) {
      if (!last_of(line, used).ends_with(header) || own == its) continue;
      if (own < "2" || its < "2") mixed.push_back(line);
    }
  }
  return mixed;
}

TEST_CASE("no file uses a header that was precompiled at a lower level than -O2 and not its own") {
  const std::string commands =
      file_content(std::filesystem::path(MOBASIM_PROGRAM).parent_path() / "compile_commands.json");
  CHECK(commands.find("cmake_pch.hxx.gch") != std::string::npos);
  for (const std::string& line : mixed_levels(commands)) FAIL_CHECK(line);
}

TEST_CASE("a header of another level is found, by the last level that a command names") {
  const auto found = [](const std::string& header_level, const std::string& level) {
    return mixed_levels("c++ " + header_level + " -o a/pch.hxx.gch -c a/pch.hxx.cxx\nc++ " + level +
                        " -include /b/a/pch.hxx -o x.o -c x.cpp\n")
        .size();
  };
  CHECK(found("-O1", "-O1 -O3") == 1);
  CHECK(found("-O2", "-O1") == 1);
  CHECK(found("", "-O3") == 1);
  CHECK(found("-O2", "-O2 -O3") == 0);
  CHECK(found("-O2 -O1", "-O2 -O1") == 0);
  CHECK(found("", "") == 0);
}

}  // namespace
}  // namespace mobasim::tests::precompiled_test
