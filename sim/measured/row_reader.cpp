#include "sim/measured/row_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/text.h"
#include "sim/measured/row_words.h"

namespace mobasim {
namespace {

constexpr std::array<std::string_view, 9> kNeeded = {"id",     "framework", "gpu",    "seq",  "gbs",
                                                     "n_gpus", "hidden",    "layers", "heads"};

void add_new(std::vector<std::string>& words, std::string_view one) {
  if (one.empty() || std::ranges::find(words, one) != words.end()) return;
  words.emplace_back(one);
}

}  // namespace

ColumnPlaces column_places(const CsvTable& table) {
  for (const std::string_view column : kNeeded) (void)table.column(column);
  ColumnPlaces places;
  for (std::size_t i = 0; i < table.columns().size(); ++i) places.emplace(table.columns()[i], i);
  return places;
}

std::string RowReader::text(std::string_view column) const {
  const auto found = places_.find(column);
  return found == places_.end() ? std::string() : trimmed(table_.text(row_, found->second));
}

std::string RowReader::place(std::string_view column) const {
  const auto found = places_.find(column);
  if (found == places_.end()) return fmt::format("column '{}'", column);
  const Location where = table_.where(row_, found->second);
  return fmt::format("{}:{}:{}: column '{}'", where.file, where.line, where.column, column);
}

std::optional<std::int64_t> RowReader::count(std::string_view column, std::int64_t most) {
  const std::string cell = text(column);
  if (cell.empty()) return std::nullopt;
  const std::optional<double> value = finite_number(cell);
  if (value && *value == std::floor(*value) && *value >= 1 && *value <= static_cast<double>(most)) {
    return static_cast<std::int64_t>(*value);
  }
  refuse(fmt::format("{}: '{}' is no whole number from 1 to {}", place(column), cell, most));
  return std::nullopt;
}

std::int64_t RowReader::required(std::string_view column, std::int64_t most) {
  if (text(column).empty()) refuse(fmt::format("{} is not given", column));
  return count(column, most).value_or(1);
}

std::optional<double> RowReader::positive(std::string_view column) {
  const std::string cell = text(column);
  if (cell.empty()) return std::nullopt;
  const std::optional<double> value = finite_number(cell);
  if (value && *value > 0) return value;
  note(fmt::format("{}: '{}' is no number above 0 and is left out", place(column), cell));
  return std::nullopt;
}

std::optional<bool> RowReader::flag(std::string_view column) {
  const std::string cell = lower_case(text(column));
  if (cell.empty()) return std::nullopt;
  if (cell == "1" || cell == "yes" || cell == "true" || cell == "1.0") return true;
  if (cell == "0" || cell == "no" || cell == "false" || cell == "0.0") return false;
  refuse(fmt::format("{}: '{}' is neither 0 nor 1", place(column), cell));
  return std::nullopt;
}

void RowReader::note(std::string_view words) { add_new(notes_, words); }

void RowReader::refuse(std::string_view reason) { add_new(reasons_, reason); }

}  // namespace mobasim
