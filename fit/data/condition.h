// Which rows of a table are meant: conditions as a user writes them, "size=545M", "step>=20000". All must hold.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "fit/data/cells.h"
#include "sim/base/csv.h"

namespace mobasim {

// COL=VALUE, COL!=VALUE: numbers are compared as numbers, all else as text. COL<=X, COL>=X, COL<X, COL>X: the order of
// numbers; an empty cell meets none of them.
struct Condition {
  enum class Relation { equal, not_equal, at_most, at_least, below, above };
  std::string text;  // as written
  std::string column;
  Relation relation = Relation::equal;
  std::string value;
  std::optional<double> number;  // of the value, if it is one
};

[[nodiscard]] Condition condition_from(const std::string& text);  // throws ConfigError

class RowFilter {
 public:
  // Throws ConfigError: a condition that is none, a column that is not there, a condition that no row meets (a slip).
  RowFilter(const CsvTable& table, const std::vector<std::string>& conditions);

  // unclear: the row meets every condition but those that compare sizes where its cell is no number.
  enum class Answer { out, in, unclear };
  [[nodiscard]] Answer operator()(std::size_t row) const;
  // Adds the cells that make a row unclear.
  void tell_unclear(std::size_t row, CellProblems& problems) const;

 private:
  struct Placed {
    Condition condition;
    std::size_t column = 0;
  };
  [[nodiscard]] Answer answer(const Placed& placed, std::size_t row) const;
  void require_met(const Placed& placed) const;
  const CsvTable& table_;
  std::vector<Placed> conditions_;
};

}  // namespace mobasim
