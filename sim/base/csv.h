// CSV as RFC 4180 has it: quoted fields, "" for a quote, CRLF or LF. Reading keeps the place of each cell, so that a
// bad value is reported as file:line:column. Lines that start with '#' before the header are comments.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/error.h"

namespace mobasim {

class CsvTable {
 public:
  // Throws ConfigError: missing, a directory, empty, no text, no header, duplicate column, a row with another number
  // of fields than the header, an unclosed quote.
  static CsvTable read(const std::filesystem::path& path);
  static CsvTable from_text(std::string text, std::string name);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  [[nodiscard]] std::size_t rows() const { return columns_.empty() ? 0 : cells_.size() / columns_.size(); }

  [[nodiscard]] bool has_column(std::string_view name) const;
  // Index of a column; throws ConfigError naming the columns there are and the nearest one.
  [[nodiscard]] std::size_t column(std::string_view name) const;

  [[nodiscard]] std::string_view text(std::size_t row, std::size_t column) const { return cell(row, column).text; }
  [[nodiscard]] bool empty(std::size_t row, std::size_t column) const { return cell(row, column).text.empty(); }
  // A finite number; throws ConfigError with the cell's place. nan and inf are refused.
  [[nodiscard]] double number(std::size_t row, std::size_t column) const;
  [[nodiscard]] std::int64_t whole_number(std::size_t row, std::size_t column) const;
  [[nodiscard]] Location where(std::size_t row, std::size_t column) const;
  [[nodiscard]] std::int64_t line(std::size_t row) const { return cell(row, 0).line; }  // where the row begins

 private:
  struct Cell {
    std::string_view text;
    std::uint32_t line, column;
  };
  [[nodiscard]] const Cell& cell(std::size_t row, std::size_t column) const {
    return cells_[row * columns_.size() + column];
  }
  std::string file_;
  int header_line_ = 1;
  std::shared_ptr<std::string> buffer_;  // cells point into it
  std::vector<std::string> columns_;
  std::vector<Cell> cells_;
};

}  // namespace mobasim
