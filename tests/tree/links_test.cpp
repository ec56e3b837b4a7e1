// Links between the pages of the documentation lead somewhere, and so do the names of files in pages and comments.
#include <regex>
#include <string>

#include "tests/catch.h"
#include "tests/program.h"
#include "tests/tree/source_tree.h"

namespace mobasim::tests::links_test {
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

// "file:line: name" of each file of the tree that a page or a comment of the program names and that is not there. NAME
// stands for any name.
std::string missing_files(const std::filesystem::path& root) {
  static const std::regex name(
      R"(\b(sim|kernels|fit|cli|tests|tools|cmake|configs)/[\w./-]+\.(h|cpp|cu|sh|cmake|py|csv)\b)");
  std::string missing;
  for (const std::string& file : tree_detail::files_below(root)) {
    const bool page = file.ends_with(".md");
    if (!page && (tree_detail::layer_of(file).empty() || !tree_detail::is_source(file))) continue;
    std::ifstream stream(root / file);
    int number = 0;
    for (std::string line; std::getline(stream, line);) {
      ++number;
      const std::size_t begin = page ? 0 : line.find("//");
      if (begin == std::string::npos) continue;
      const std::string text = line.substr(begin);
      for (auto found = std::sregex_iterator(text.begin(), text.end(), name); found != std::sregex_iterator();
           ++found) {
        const std::string named = found->str();
        if (named.find("NAME") != std::string::npos || std::filesystem::exists(root / named)) continue;
        missing += file + ":" + std::to_string(number) + ": " + named + "\n";
      }
    }
  }
  return missing;
}

TEST_CASE("links of the documentation lead to files that are there") { CHECK(broken_links(source_folder()) == ""); }

TEST_CASE("a broken link is found") {
  const ScratchFolder tree;
  put_file(tree / "README.md", "[one](docs/a.md) [web](https://example.org) [two](docs/b.md#x)\n");
  put_file(tree / "docs/a.md", "[up](../README.md)\n");
  CHECK(broken_links(tree.path()).starts_with("README.md:1: "));
  CHECK(broken_links(tree.path()).find("b.md") != std::string::npos);
}

TEST_CASE("files that pages and comments name are there") { CHECK(missing_files(source_folder()) == ""); }

TEST_CASE("a name of a file that is gone is found, in a page and in a comment") {
  const ScratchFolder tree;
  put_file(tree / "docs/a.md", "See `sim/run/gone.h`, and configs/models/NAME.csv.\n");
  put_file(tree / "sim/run/run.h", "int a;\nint b;  // as in sim/run/run.h and sim/run/gone.cpp\n");
  CHECK(missing_files(tree.path()) == "docs/a.md:1: sim/run/gone.h\nsim/run/run.h:2: sim/run/gone.cpp\n");
}

}  // namespace
}  // namespace mobasim::tests::links_test
