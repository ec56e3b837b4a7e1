// What an interrupted bench leaves behind: NAME.partial.csv, a journal (sim/base/journal.h) of its finished groups. A
// group that was cut off while it was written is not read.
#pragma once

#include <filesystem>
#include <vector>

#include "kernels/bench/bench.h"
#include "sim/base/journal.h"

namespace mobasim::kernels::bench {

// All that makes two benches one, but not the budget. `options` as completed() gives them.
[[nodiscard]] Identity identity_of(const Options& options);

class GroupJournal {
 public:
  // Begins a new file. Throws std::system_error.
  GroupJournal(std::filesystem::path file, const Identity& identity);
  // Goes on with one that is there; what was cut off is cut away. Throws ConfigError where it is no journal or
  // of another bench, telling what differs, and std::system_error.
  static GroupJournal resumed(std::filesystem::path file, const Identity& identity);

  [[nodiscard]] const std::vector<FinishedGroup>& groups() const { return groups_; }
  // On the disk when it returns. Throws std::system_error.
  void append(const FinishedGroup& group) const;
  // The final files are there.
  void remove() const { journal_.remove(); }

 private:
  explicit GroupJournal(Journal journal) : journal_(std::move(journal)) {}
  Journal journal_;
  std::vector<FinishedGroup> groups_;  // that were there at the beginning
};

}  // namespace mobasim::kernels::bench
