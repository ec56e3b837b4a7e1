#include "sim/base/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

struct Field {
  std::string_view text;
  std::uint32_t line, column;
};

// Walks the buffer once. Quoted fields are unquoted in place, so that a field is always a view into the buffer.
class Scanner {
 public:
  Scanner(std::string& buffer, const std::string& file) : buffer_(buffer), file_(file) {
    if (buffer_.starts_with("\xEF\xBB\xBF")) at_ = line_start_ = 3;  // a byte-order mark
  }

  [[nodiscard]] bool at_end() const { return at_ >= buffer_.size(); }
  [[nodiscard]] char peek() const { return buffer_[at_]; }
  [[nodiscard]] int line() const { return static_cast<int>(line_); }
  [[nodiscard]] bool at_empty_line() const { return peek() == '\n' || (peek() == '\r' && next_is_newline()); }

  void skip_line() {
    while (!at_end() && peek() != '\n') ++at_;
    end_line();
  }

  // Appends the fields of one record.
  void record(std::vector<Field>& fields) {
    for (;;) {
      fields.push_back(field());
      if (at_end()) return;
      if (peek() == ',') {
        ++at_;
        continue;
      }
      if (peek() == '\r') ++at_;
      end_line();
      return;
    }
  }

 private:
  [[nodiscard]] bool next_is_newline() const { return at_ + 1 < buffer_.size() && buffer_[at_ + 1] == '\n'; }

  void end_line() {
    if (at_end()) return;
    ++at_;
    ++line_;
    line_start_ = at_;
  }

  Field field() {
    const std::uint32_t line = line_, column = static_cast<std::uint32_t>(at_ - line_start_ + 1);
    if (!at_end() && peek() == '"') return {quoted(line, column), line, column};
    const std::size_t begin = at_;
    while (!at_end() && peek() != ',' && peek() != '\n' && !(peek() == '\r' && next_is_newline())) ++at_;
    return {std::string_view(buffer_).substr(begin, at_ - begin), line, column};
  }

  std::string_view quoted(std::uint32_t line, std::uint32_t column) {
    const Location where{file_, static_cast<int>(line), static_cast<int>(column)};
    const std::size_t begin = ++at_;
    std::size_t out = begin;
    for (;;) {
      if (at_end()) throw ConfigError(where, "this quoted field is never closed");
      const char c = buffer_[at_++];
      if (c == '"') {
        if (at_end() || peek() != '"') break;
        ++at_;  // "" stands for one quote
      } else if (c == '\n') {
        ++line_;
        line_start_ = at_;
      }
      buffer_[out++] = c;
    }
    if (!at_end() && peek() != ',' && peek() != '\n' && peek() != '\r') {
      throw ConfigError(where, "after a quoted field a comma or the end of the line is wanted");
    }
    return std::string_view(buffer_).substr(begin, out - begin);
  }

  std::string& buffer_;
  const std::string& file_;
  std::size_t at_ = 0, line_start_ = 0;
  std::uint32_t line_ = 1;
};

}  // namespace

CsvTable CsvTable::read(const std::filesystem::path& path) { return from_text(text_of_file(path), path.string()); }

CsvTable CsvTable::from_text(std::string text, std::string name) {
  CsvTable table;
  table.file_ = std::move(name);
  table.buffer_ = std::make_shared<std::string>(std::move(text));
  Scanner scanner(*table.buffer_, table.file_);

  while (!scanner.at_end() && (scanner.peek() == '#' || scanner.at_empty_line())) scanner.skip_line();
  if (scanner.at_end()) throw ConfigError(Location{table.file_}, "this file is empty; a CSV header is wanted");

  std::vector<Field> fields;
  table.header_line_ = scanner.line();
  scanner.record(fields);
  for (const Field& field : fields) {
    const Location where{table.file_, static_cast<int>(field.line), static_cast<int>(field.column)};
    if (field.text.empty()) throw ConfigError(where, "a column without a name");
    if (table.has_column(field.text)) {
      throw ConfigError(where, fmt::format("the column '{}' stands twice", field.text));
    }
    table.columns_.emplace_back(field.text);
  }

  while (!scanner.at_end()) {
    if (scanner.at_empty_line()) {
      scanner.skip_line();
      continue;
    }
    const int line = scanner.line();
    fields.clear();
    scanner.record(fields);
    if (fields.size() != table.columns_.size()) {
      throw ConfigError(Location{table.file_, line, 1},
                        fmt::format("{} fields; the header has {}", fields.size(), table.columns_.size()));
    }
    for (const Field& field : fields) table.cells_.push_back({field.text, field.line, field.column});
  }
  return table;
}

bool CsvTable::has_column(std::string_view name) const {
  return std::find(columns_.begin(), columns_.end(), name) != columns_.end();
}

std::size_t CsvTable::column(std::string_view name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) {
    throw ConfigError(Location{file_, header_line_}, fmt::format("there is no column '{}'{}; the columns are: {}", name,
                                                                 suggestion(name, columns_), joined(columns_)));
  }
  return static_cast<std::size_t>(found - columns_.begin());
}

double CsvTable::number(std::size_t row, std::size_t column) const {
  const std::optional<double> value = finite_number(text(row, column));
  if (!value) {
    throw ConfigError(where(row, column),
                      fmt::format("column '{}': '{}' is no finite number", columns_[column], text(row, column)));
  }
  return *value;
}

std::int64_t CsvTable::whole_number(std::size_t row, std::size_t column) const {
  const double value = number(row, column);
  if (value != std::floor(value) || std::abs(value) > 9007199254740992.0) {
    throw ConfigError(where(row, column),
                      fmt::format("column '{}': '{}' is no whole number", columns_[column], text(row, column)));
  }
  return static_cast<std::int64_t>(value);
}

Location CsvTable::where(std::size_t row, std::size_t column) const {
  const Cell& place = cell(row, column);
  return {file_, static_cast<int>(place.line), static_cast<int>(place.column)};
}

}  // namespace mobasim
