// Reading the cells of a table that people made: every bad one is told with its place, but only the first few in full,
// so that a million bad rows do not make a million lines.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/base/csv.h"
#include "sim/base/error.h"

namespace mobasim {

class CellProblems {
 public:
  explicit CellProblems(const CsvTable& table) : table_(table) {}

  // words(): the message, made only where it will be told.
  template <class Words>
  void add(std::size_t row, std::size_t column, const Words& words) {
    if (told_.size() < kMostTold) {
      told_.push_back({table_.where(row, column), words()});
    } else {
      ++more_;
    }
  }

  // The number in a cell; nothing, and a problem more, where it holds none that is finite and above 0. Training curves
  // often begin at 0: `flag` is the one that takes a condition against it, "--where".
  [[nodiscard]] std::optional<double> positive_number(std::size_t row, std::size_t column, std::string_view flag = "");
  // Throws ConfigError with the problems, ending in "and N more" where there were too many to tell.
  void throw_if_any() const;

 private:
  static constexpr std::size_t kMostTold = 10;
  const CsvTable& table_;
  std::vector<ConfigError::Problem> told_;
  std::size_t more_ = 0;
};

}  // namespace mobasim
