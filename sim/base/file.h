// Files: read whole, or written so that a reader never sees half of one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mobasim {

// The whole file. Throws ConfigError when it is missing, a directory or holds NUL bytes (not text), and
// std::system_error when it exists and cannot be read. An empty file gives "".
[[nodiscard]] std::string text_of_file(const std::filesystem::path& path);

// The same for a file that is no text: NUL bytes are fine.
[[nodiscard]] std::string bytes_of_file(const std::filesystem::path& path);

// Writes to a temporary file beside `path`, then renames. Throws std::system_error; `path` is then as it was.
void write_file(const std::filesystem::path& path, std::string_view content);

// Several files, all of them or none: each is written to a temporary file before the first is renamed. Throws
// std::system_error.
struct FileContent {
  std::filesystem::path path;
  std::string content;
};
void write_files(const std::vector<FileContent>& files);

// The same regular file, now or once both are written; devices such as /dev/null may be named twice.
[[nodiscard]] bool same_file(const std::filesystem::path& a, const std::filesystem::path& b);

// Creates the directory and its parents. Throws std::system_error.
void make_directories(const std::filesystem::path& path);

}  // namespace mobasim
