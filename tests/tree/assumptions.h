// Numbered assumptions: code cites them as `// A7`, docs/method defines each once, in a line that begins with its
// number in bold: `**A7.** Text.` (or `- **A7** ...`).
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include "tests/tree/source_tree.h"

namespace mobasim::tests {

// Places by number, as "file:line".
using NumberedPlaces = std::map<int, std::vector<std::string>>;

// Where docs/method.md and docs/method/*.md define assumptions.
inline NumberedPlaces defined_assumptions(const std::filesystem::path& root) {
  static const std::regex definition(R"(^\s*(?:[-*] )?\*\*A(\d{1,2})\b)");
  NumberedPlaces places;
  for (const std::string& file : tree_detail::files_below(root)) {
    if (file != "docs/method.md" && !file.starts_with("docs/method/")) continue;
    std::ifstream stream(root / file);
    int number = 0;
    for (std::string line; std::getline(stream, line);) {
      ++number;
      std::smatch match;
      if (std::regex_search(line, match, definition)) {
        places[std::stoi(match[1])].push_back(file + ":" + std::to_string(number));
      }
    }
  }
  return places;
}

// Where comments of the program's sources and configs cite them.
inline NumberedPlaces cited_assumptions(const std::filesystem::path& root) {
  static const std::regex comment(R"((?://|#)(.*)$)"), citation(R"(\bA(\d{1,2})\b)");
  NumberedPlaces places;
  for (const std::string& file : tree_detail::files_below(root)) {
    if (!tree_detail::is_source(file) || tree_detail::layer_of(file).empty()) continue;
    std::ifstream stream(root / file);
    int number = 0;
    for (std::string line; std::getline(stream, line);) {
      ++number;
      std::smatch match;
      if (!std::regex_search(line, match, comment)) continue;
      const std::string text = match[1];
      for (auto found = std::sregex_iterator(text.begin(), text.end(), citation); found != std::sregex_iterator();
           ++found) {
        places[std::stoi((*found)[1])].push_back(file + ":" + std::to_string(number));
      }
    }
  }
  return places;
}

// Each violation as "file:line: text": cited and nowhere defined, defined twice, or left out of docs/method.md.
inline std::vector<std::string> assumption_violations(const std::filesystem::path& root) {
  const NumberedPlaces defined = defined_assumptions(root);
  std::vector<std::string> violations;
  for (const auto& [number, places] : cited_assumptions(root)) {
    if (defined.contains(number)) continue;
    violations.push_back(places[0] + ": A" + std::to_string(number) + " is cited, and docs/method does not define it");
  }
  std::ifstream stream(root / "docs/method.md");
  const std::string index{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  for (const auto& [number, places] : defined) {
    if (index.find("| A" + std::to_string(number) + " |") == std::string::npos) {
      violations.push_back(places[0] + ": A" + std::to_string(number) + " is not in the list of docs/method.md");
    }
    if (places.size() == 1) continue;
    violations.push_back(places[1] + ": A" + std::to_string(number) + " is defined already in " + places[0]);
  }
  return violations;
}

}  // namespace mobasim::tests
