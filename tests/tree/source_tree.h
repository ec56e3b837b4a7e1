// The rules of the source tree (docs/extend.md, "Layers") as a pure function of a folder, so that a test can hold the
// repository to them and can show on a wrong tree that each rule bites.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace mobasim::tests {

namespace tree_detail {

namespace fs = std::filesystem;

// The layer of a file or of an include, both as paths from the root: "" for what is no part of the program.
inline std::string layer_of(const std::string& path) {
  if (path.starts_with("sim/base/")) return "sim/base";
  for (const char* layer : {"sim", "kernels", "fit", "cli"}) {
    if (path.starts_with(std::string(layer) + "/")) return layer;
  }
  return "";
}

// What each layer may include. sim and kernels never meet: they share the profile, which is data.
inline const std::map<std::string, std::set<std::string>>& allowed_layers() {
  static const std::map<std::string, std::set<std::string>> allowed = {
      {"sim/base", {"sim/base"}},
      {"kernels", {"kernels", "sim/base"}},
      {"sim", {"sim", "sim/base"}},
      {"fit", {"fit", "sim", "sim/base"}},
      {"cli", {"cli", "fit", "sim", "kernels", "sim/base"}},
  };
  return allowed;
}

// The rooms of sim (its folders), from the bottom: each includes itself and those below it. tools/rooms.sh draws them.
inline const std::vector<std::string>& rooms_of_sim() {
  static const std::vector<std::string> rooms = {"base", "parallel", "network", "attention", "model",
                                                 "stack", "device", "run", "memory", "step",
                                                 "cost", "search", "measured", "check"};
  return rooms;
}

// How high a path of sim lies among its rooms; -1 for what lies in none of them.
inline std::ptrdiff_t height_in_sim(const std::string& path) {
  const std::vector<std::string>& rooms = rooms_of_sim();
  const std::string room = path.substr(4, path.find('/', 4) - 4);
  const auto place = std::find(rooms.begin(), rooms.end(), room);
  return place == rooms.end() ? -1 : place - rooms.begin();
}

// What is wrong with an include within sim, or "".
inline std::string room_violation(const std::string& file, const std::string& included) {
  if (!file.starts_with("sim/") || !included.starts_with("sim/")) return "";
  const std::ptrdiff_t from = height_in_sim(file), to = height_in_sim(included);
  if (from < 0) return "the file lies in no room of sim that the order of rooms knows";
  return from < to ? "sim's " + rooms_of_sim()[static_cast<std::size_t>(from)] + " lies below " +
                         rooms_of_sim()[static_cast<std::size_t>(to)]
                   : "";
}

// Libraries that only one place may know, by the beginning of the include.
inline const std::map<std::string, std::string>& only_place_of() {
  static const std::map<std::string, std::string> places = {{"ceres/", "fit/solve/ceres/"},
                                                            {"dnnl", "kernels/onednn/"},
                                                            {"yaml-cpp/", "sim/base/yaml.cpp"},
                                                            {"CLI/", "cli/parser.cpp"}};
  return places;
}

inline bool is_source(const fs::path& file) {
  static const std::set<std::string> endings = {".h", ".cpp", ".cu", ".cuh"};
  return endings.contains(file.extension().string());
}

inline bool is_text(const fs::path& file) {
  static const std::set<std::string> endings = {".h",  ".cpp", ".cu",    ".cuh", ".md", ".yaml", ".csv",
                                                ".sh", ".txt", ".cmake", ".in",  "",    ".json", ".svg"};
  return endings.contains(file.extension().string());
}

// All files below `root` but what is built or belongs to git, as paths from the root, sorted.
inline std::vector<std::string> files_below(const fs::path& root) {
  std::vector<std::string> files;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().filename().string();
    if (name == ".git" || name == ".cache" || (entry.depth() == 0 && (name == "build" || name == "out"))) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      files.push_back(fs::relative(entry->path(), root).string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// What is wrong with an include of a file, or "".
inline std::string include_violation(const fs::path& root, const std::string& file, const std::string& included,
                                     bool quoted) {
  for (const auto& [library, place] : only_place_of()) {
    const bool there = place.ends_with('/') ? file.starts_with(place) : file == place;
    if (included.starts_with(library) && !there) return "only " + place + " includes " + library;
  }
  if (!quoted || included == "mobasim_version.h") return "";
  if (!fs::exists(root / included)) return "no such file from the root of the tree";
  const std::string from = layer_of(file), to = layer_of(included);
  if (!allowed_layers().at(from).contains(to)) return from + " may not include " + (to.empty() ? "this" : to);
  return room_violation(file, included);
}

// Whether a line of a test names what is in Catch2's namespace or includes Catch2, both of which differ between its
// versions 2 and 3: Catch2 has one place.
inline bool names_catch2(const std::string& file, const std::string& line) {
  static const std::regex name(R"(\bCatch(::)|using +namespace +Catch\b|^\s*#\s*include\s*<catch2/)");
  const bool there = file == "tests/catch.h";
  return file.starts_with("tests/") && !there && std::regex_search(line, name);
}

// The namespace that a file of tests has to itself, for several are compiled together; "" for other files.
inline std::string namespace_of_tests(const std::string& file) {
  const std::string stem = fs::path(file).stem().string();
  return file.starts_with("tests/") && file.ends_with("_test.cpp") ? "namespace mobasim::tests::" + stem + " {" : "";
}

}  // namespace tree_detail

inline constexpr int kMostLines = 400;

// Each violation as "file:line: text". `forbidden` are texts that no file may contain: the paths of one machine.
inline std::vector<std::string> tree_violations(const std::filesystem::path& root,
                                                const std::vector<std::string>& forbidden) {
  static const std::regex include(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<std::string> violations;
  for (const std::string& file : tree_detail::files_below(root)) {
    if (!tree_detail::is_text(file)) continue;
    const bool source = tree_detail::is_source(file);
    const bool layered = source && !tree_detail::layer_of(file).empty();
    const std::string own = tree_detail::namespace_of_tests(file);
    bool has_own = own.empty();
    std::ifstream stream(root / file);
    int number = 0;
    for (std::string line; std::getline(stream, line);) {
      const std::string place = file + ":" + std::to_string(++number) + ": ";
      for (const std::string& word : forbidden) {
        if (line.find(word) != std::string::npos) violations.push_back(place + "names " + word);
      }
      has_own = has_own || line == own;
      std::smatch match;
      if (layered && std::regex_search(line, match, include)) {
        const std::string what = tree_detail::include_violation(root, file, match[2], match[1] == "\"");
        if (!what.empty()) violations.push_back(place + "#include of " + match[2].str() + ": " + what);
      }
      if (source && tree_detail::names_catch2(file, line)) {
        violations.push_back(place + "names Catch2's own, which tests/catch.h does for every version of it");
      }
    }
    if (!has_own) violations.push_back(file + ":" + std::to_string(number) + ": without \"" + own + "\"");
    if (source && number > kMostLines) {
      violations.push_back(file + ":" + std::to_string(number) + ": more than " + std::to_string(kMostLines) +
                           " lines: one idea a file");
    }
  }
  return violations;
}

}  // namespace mobasim::tests
