// What an interrupted bench leaves behind: NAME.partial.csv, where each finished group is appended as soon as it is
// done. Its first lines, comments, say which bench it is of; a group that was cut off while it was written is not read.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kernels/bench/bench.h"

namespace mobasim::kernels::bench {

// What must agree for the parts of two benches to be one: machine, program and options, but not the budget.
using Identity = std::vector<std::pair<std::string, std::string>>;  // name, value
// `options` as completed() gives them.
[[nodiscard]] Identity identity_of(const Options& options);

class Journal {
 public:
  // Begins a new file. Throws std::system_error.
  Journal(std::filesystem::path file, const Identity& identity);
  // Goes on with one that is there; what was cut off is cut away. Throws ConfigError where it is no journal or
  // of another bench, telling what differs, and std::system_error.
  static Journal resumed(std::filesystem::path file, const Identity& identity);

  [[nodiscard]] const std::vector<FinishedGroup>& groups() const { return groups_; }
  // On the disk when it returns. Throws std::system_error.
  void append(const FinishedGroup& group);
  // The final files are there.
  void remove();

 private:
  explicit Journal(std::filesystem::path file) : file_(std::move(file)) {}
  std::filesystem::path file_;
  std::vector<FinishedGroup> groups_;  // that were there at the beginning
};

}  // namespace mobasim::kernels::bench
