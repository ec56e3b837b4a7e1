#include "tests/program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace mobasim::tests {

ScratchFolder::ScratchFolder() {
  std::string path = (std::filesystem::temp_directory_path() / "mobasim-test-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make a scratch folder " + path);
  path_ = path;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string file_content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

void put_file(const std::filesystem::path& file, const std::string& content) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary);
  stream << content;
  if (!stream.flush()) throw std::runtime_error("cannot write " + file.string());
}

std::string quoted_for_shell(const std::string& word) {
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Outcome outcome_of_shell(const std::string& line, const std::filesystem::path& folder) {
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

Outcome outcome_of_program(const std::vector<std::string>& arguments, const std::filesystem::path& folder) {
  std::string line = quoted_for_shell(MOBASIM_PROGRAM);
  for (const std::string& argument : arguments) line += ' ' + quoted_for_shell(argument);
  return outcome_of_shell(line, folder);
}

}  // namespace mobasim::tests
