// What README.md and docs tell people to type works. Every block fenced as ```sh whose commands begin with `mobasim` is
// run as it stands, in a scratch folder that has `configs` beside it, with the built program on PATH. Blocks of one
// page run in order and in one folder, so that one may use what another wrote.
#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::documentation_test {
namespace {

struct Block {
  int line = 0;  // of its first command
  std::string commands;
};

bool runs_the_program(const std::string& commands) {
  std::istringstream stream(commands);
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty() && line[0] != '#') return line.starts_with("mobasim ");
  }
  return false;
}

std::vector<Block> command_blocks(const std::string& page) {
  std::vector<Block> blocks;
  std::istringstream stream(page);
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (inside && line == "```") {
      inside = false;
      if (!runs_the_program(blocks.back().commands)) blocks.pop_back();
    } else if (inside) {
      blocks.back().commands += line + "\n";
    } else if (line == "```sh") {
      inside = true;
      blocks.push_back({number + 1, ""});
    }
  }
  return blocks;
}

std::vector<std::filesystem::path> pages() {
  std::vector<std::filesystem::path> found = {source_folder() / "README.md"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_folder() / "docs")) {
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

TEST_CASE("the commands of README and docs run") {
  const std::string folder_of_program = std::filesystem::path(MOBASIM_PROGRAM).parent_path().string();
  std::size_t blocks_run = 0;
  for (const std::filesystem::path& page : pages()) {
    const ScratchFolder folder;
    std::filesystem::create_directory_symlink(source_folder() / "configs", folder / "configs");
    for (const Block& block : command_blocks(file_content(page))) {
      ++blocks_run;
      const Outcome outcome = outcome_of_shell(
          "PATH=" + quoted_for_shell(folder_of_program) + ":$PATH\nset -eu\n" + block.commands, folder.path());
      INFO(page.string() << ":" << block.line << ":\n" << block.commands << outcome.err);
      CHECK(outcome.exit_code == 0);
    }
  }
  CHECK(blocks_run >= 5);
}

TEST_CASE("the blocks of a page are found, and only those that run the program") {
  const std::vector<Block> blocks = command_blocks(
      "# Page\n```sh\nmobasim list models\nmobasim plan a.yaml \\\n  -o b.csv\n```\n```yaml\nmobasim: no\n```\n"
      "```sh\nsh tools/test.sh\n```\n```sh\n# Why\nmobasim plan c.yaml | head -1\n```\n");
  REQUIRE(blocks.size() == 2);
  CHECK(blocks[0].commands == "mobasim list models\nmobasim plan a.yaml \\\n  -o b.csv\n");
  CHECK(blocks[0].line == 3);
  CHECK(blocks[1].line == 14);
}

}  // namespace
}  // namespace mobasim::tests::documentation_test
