// Drives programs from a test as a person would: a scratch folder, a command, its exit code and what it printed.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace mobasim::tests {

// A folder that lasts as long as the object.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "mobasim-test-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make a scratch folder " + path);
    path_ = path;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline std::string file_content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

inline void put_file(const std::filesystem::path& file, const std::string& content) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary);
  stream << content;
  if (!stream.flush()) throw std::runtime_error("cannot write " + file.string());
}

inline std::string quoted_for_shell(const std::string& word) {
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

struct Outcome {
  int exit_code = -1;  // 128 + N: ended by signal N
  std::string out, err;
};

// Runs a line of shell in `folder`, without an input.
inline Outcome outcome_of_shell(const std::string& line, const std::filesystem::path& folder) {
  const ScratchFolder capture;
  const std::string out = (capture / "out").string(), err = (capture / "err").string();
  const std::string command = "cd " + quoted_for_shell(folder.string()) + " && { " + line + "\n} </dev/null >" +
                              quoted_for_shell(out) + " 2>" + quoted_for_shell(err);
  const int status = std::system(command.c_str());
  Outcome outcome;
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = file_content(out);
  outcome.err = file_content(err);
  return outcome;
}

// Runs the program that was built, in `folder`.
inline Outcome outcome_of_program(const std::vector<std::string>& arguments, const std::filesystem::path& folder) {
  std::string line = quoted_for_shell(MOBASIM_PROGRAM);
  for (const std::string& argument : arguments) line += ' ' + quoted_for_shell(argument);
  return outcome_of_shell(line, folder);
}

}  // namespace mobasim::tests
