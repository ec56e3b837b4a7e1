#include "sim/base/named_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sim/base/file_list.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

bool is_path(const std::string& text) {
  return text.find('/') != std::string::npos || text.ends_with(".yaml") || text.ends_with(".yml");
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const std::filesystem::path& file : yaml_files(folder)) names.push_back(file.stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::filesystem::path file_named(const std::string& text, const std::filesystem::path& folder,
                                 const std::filesystem::path& here) {
  if (is_path(text)) return here / text;
  return folder / (text + ".yaml");
}

std::string problem_of_name(const std::string& text, const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) return "";
  if (is_path(text)) {
    return fmt::format("there is no file {}", file.string());
  }
  const auto known = names_in(file.parent_path());
  if (known.empty()) return fmt::format("'{}' is unknown: {} has no files", text, file.parent_path().string());
  return fmt::format("'{}' is unknown{}; known: {}", text, suggestion(text, known), joined(known));
}

}  // namespace mobasim
