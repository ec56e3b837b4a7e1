// Drives programs from a test as a person would: a scratch folder, a command, its exit code and what it printed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mobasim::tests {

// A folder that lasts as long as the object.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

[[nodiscard]] std::string file_content(const std::filesystem::path& file);
// Makes the folders that are missing.
void put_file(const std::filesystem::path& file, const std::string& content);
[[nodiscard]] std::string quoted_for_shell(const std::string& word);

struct Outcome {
  int exit_code = -1;  // 128 + N: ended by signal N
  std::string out, err;
};
// Runs a line of shell in `folder`, without an input.
[[nodiscard]] Outcome outcome_of_shell(const std::string& line, const std::filesystem::path& folder);
// Runs the program that was built, in `folder`.
[[nodiscard]] Outcome outcome_of_program(const std::vector<std::string>& arguments,
                                         const std::filesystem::path& folder);

}  // namespace mobasim::tests
