// The files of one kind in a folder of configs, and a table with a row for each.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "sim/base/table.h"

namespace mobasim {

using FileList = std::vector<std::filesystem::path>;

// Those that end in .yaml, sorted; none where there is no such folder.
[[nodiscard]] FileList yaml_files(const std::filesystem::path& folder);

// A row a file. Every file that cannot be read is reported in one ConfigError, not only the first.
[[nodiscard]] Table table_of_files(const FileList& files, std::vector<std::string> columns,
                                   const std::function<std::vector<Cell>(const std::filesystem::path&)>& row_of);

// name, source: of files that rest on others (runs, studies) only what they say about themselves is read. Throws
// ConfigError.
[[nodiscard]] Table source_list(const FileList& files);

}  // namespace mobasim
