// Links between the pages of the documentation lead somewhere.
#include <regex>
#include <string>

#include "tests/catch.h"
#include "tests/program.h"
#include "tests/tree/source_tree.h"

namespace mobasim::tests {
namespace {

// "file:line: target" of each link to a file that is not there.
std::string broken_links(const std::filesystem::path& root) {
  static const std::regex link(
      R"(\]\(([^)#:]+)(#[^)]*)?\))");  // neither a web address nor a heading of the page itself
  std::string broken;
  for (const std::string& file : tree_detail::files_below(root)) {
    if (!file.ends_with(".md")) continue;
    std::ifstream stream(root / file);
    int number = 0;
    for (std::string line; std::getline(stream, line);) {
      ++number;
      for (auto found = std::sregex_iterator(line.begin(), line.end(), link); found != std::sregex_iterator();
           ++found) {
        const std::filesystem::path target = (root / file).parent_path() / (*found)[1].str();
        if (!std::filesystem::exists(target))
          broken += file + ":" + std::to_string(number) + ": " + target.string() + "\n";
      }
    }
  }
  return broken;
}

TEST_CASE("links of the documentation lead to files that are there") { CHECK(broken_links(source_folder()) == ""); }

TEST_CASE("a broken link is found") {
  const ScratchFolder tree;
  put_file(tree / "README.md", "[one](docs/a.md) [web](https://example.org) [two](docs/b.md#x)\n");
  put_file(tree / "docs/a.md", "[up](../README.md)\n");
  CHECK(broken_links(tree.path()).starts_with("README.md:1: "));
  CHECK(broken_links(tree.path()).find("b.md") != std::string::npos);
}

}  // namespace
}  // namespace mobasim::tests
