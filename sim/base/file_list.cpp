#include "sim/base/file_list.h"

#include <algorithm>

#include "sim/base/config.h"
#include "sim/base/error.h"

namespace mobasim {

FileList yaml_files(const std::filesystem::path& folder) {
  FileList files;
  if (!std::filesystem::is_directory(folder)) return files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Table table_of_files(const FileList& files, std::vector<std::string> columns,
                     const std::function<std::vector<Cell>(const std::filesystem::path&)>& row_of) {
  Table table{std::move(columns), {}};
  std::vector<ConfigError::Problem> problems;
  for (const std::filesystem::path& file : files) {
    try {
      table.rows.push_back(row_of(file));
    } catch (const ConfigError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  }
  if (!problems.empty()) throw ConfigError(std::move(problems));
  return table;
}

Table source_list(const FileList& files) {
  return table_of_files(files, {"name", "source"}, [](const std::filesystem::path& file) -> std::vector<Cell> {
    const ConfigFile config = ConfigFile::read(file);
    ConfigMap root = config.root();
    if (!root.has("source")) throw ConfigError(root.where(), "the key 'source' is missing");
    return {file.stem().string(), root.text("source")};
  });
}

}  // namespace mobasim
