// One row of a table of measured runs, read without ever throwing: what is wrong with a cell becomes a reason why the
// row is not answered, and what had to be assumed a note.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/csv.h"

namespace mobasim {

// Where the known columns stand in a table.
using ColumnPlaces = std::map<std::string, std::size_t, std::less<>>;
// Throws ConfigError when a column is missing that no row can do without.
[[nodiscard]] ColumnPlaces column_places(const CsvTable& table);

class RowReader {
 public:
  RowReader(const CsvTable& table, const ColumnPlaces& places, std::size_t row)
      : table_(table), places_(places), row_(row) {}

  [[nodiscard]] std::string text(std::string_view column) const;  // "" where there is no such column
  // A whole number from 1 to `most`; nothing where the cell is empty. Anything else is a reason.
  [[nodiscard]] std::optional<std::int64_t> count(std::string_view column, std::int64_t most);
  // The same of a cell that must not be empty; 1 where it is wrong.
  [[nodiscard]] std::int64_t required(std::string_view column, std::int64_t most);
  // A number above 0; nothing where the cell is empty or not a number (then noted: it is a result, not an input).
  [[nodiscard]] std::optional<double> positive(std::string_view column);
  [[nodiscard]] std::optional<bool> flag(std::string_view column);  // 0 or 1, yes or no; else a reason

  void note(std::string_view words);
  void refuse(std::string_view reason);
  [[nodiscard]] bool refused() const { return !reasons_.empty(); }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  [[nodiscard]] const std::vector<std::string>& reasons() const { return reasons_; }

 private:
  [[nodiscard]] std::string place(std::string_view column) const;  // "line 3, column 'mbs'"

  const CsvTable& table_;
  const ColumnPlaces& places_;
  std::size_t row_;
  std::vector<std::string> notes_, reasons_;
};

}  // namespace mobasim
