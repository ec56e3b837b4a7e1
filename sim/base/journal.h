// What long work leaves behind when it is interrupted: a file of CSV where each finished part is appended as soon as it
// is done, so that a later call goes on from there. Its first lines, comments, say what it is and which work it is of.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mobasim {

// What must agree for the parts of two calls to be one: machine, program and options.
using Identity = std::vector<std::pair<std::string, std::string>>;  // name, value

struct JournalHead {
  std::string work;  // "bench": the command that goes on with it when it is called with --resume
  Identity identity;
  std::string columns;  // the line of CSV that names them, with its end
};

class Journal {
 public:
  // Begins a new file. Throws std::system_error.
  Journal(std::filesystem::path file, JournalHead head);
  // Goes on with one that is there. Throws ConfigError where it is no journal of such work or of another identity,
  // telling what differs, and std::system_error. The file stays as it is until keep() or append().
  static Journal resumed(std::filesystem::path file, JournalHead head);

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  // CSV as it was at the beginning, comments and columns with it, without a line that was cut off.
  [[nodiscard]] const std::string& text() const { return text_; }
  // Writes the file anew with these lines alone: those of what was whole. Throws std::system_error.
  void keep(const std::string& lines);
  // On the disk when it returns. Throws std::system_error.
  void append(std::string_view lines) const;
  // The final files are there.
  void remove() const;

 private:
  Journal(std::filesystem::path file, JournalHead head, std::string text);
  std::filesystem::path file_;
  JournalHead head_;
  std::string text_;
};

}  // namespace mobasim
