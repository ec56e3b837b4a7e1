#include "sim/base/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string plain(const Cell& cell) {
  return std::visit(
      Overloaded{[](std::monostate) { return std::string(); }, [](const std::string& text) { return text; },
                 [](double value) {
                   MOBASIM_ASSERT_EQUAL(std::isfinite(value), true);
                   return shortest(value);
                 },
                 [](std::int64_t value) { return fmt::format("{}", value); },
                 [](bool value) { return std::string(value ? "true" : "false"); }},
      cell);
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos && !text.starts_with('#')) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string as_csv(const Table& table) {
  std::string out;
  const auto line = [&](const auto& cells, const auto& text_of) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) out += ',';
      out += csv_field(text_of(cells[i]));
    }
    out += '\n';
  };
  line(table.columns, [](const std::string& name) { return name; });
  for (const auto& row : table.rows) line(row, plain);
  return out;
}

std::string as_json(const Table& table) {
  std::string out = "[";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    out += r == 0 ? "\n  {" : ",\n  {";
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const Cell& cell = table.rows[r][c];
      if (c > 0) out += ", ";
      out += json_text(table.columns[c]) + ": ";
      if (std::holds_alternative<std::monostate>(cell)) {
        out += "null";
      } else if (const auto* text = std::get_if<std::string>(&cell)) {
        out += json_text(*text);
      } else {
        out += plain(cell);
      }
    }
    out += '}';
  }
  return out + (table.rows.empty() ? "]\n" : "\n]\n");
}

// Four significant digits are what a person compares; the CSV has them all.
std::string for_people(const Cell& cell) {
  const auto* value = std::get_if<double>(&cell);
  return value ? fmt::format("{:.4g}", *value) : plain(cell);
}

std::string as_text(const Table& table) {
  std::vector<std::size_t> width;
  for (const std::string& name : table.columns) width.push_back(name.size());
  for (const auto& row : table.rows) {
    for (std::size_t c = 0; c < row.size(); ++c) width[c] = std::max(width[c], for_people(row[c]).size());
  }
  std::string out;
  const auto add = [&](const std::string& text, std::size_t c, bool right) {
    if (c > 0) out += "  ";
    const std::string padding(width[c] - text.size(), ' ');
    const bool last = c + 1 == table.columns.size();
    out += right ? padding + text : (last ? text : text + padding);
  };
  for (std::size_t c = 0; c < table.columns.size(); ++c) add(table.columns[c], c, false);
  out += '\n';
  for (const auto& row : table.rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      add(for_people(row[c]), c,
          std::holds_alternative<double>(row[c]) || std::holds_alternative<std::int64_t>(row[c]));
    }
    out += '\n';
  }
  return out;
}

}  // namespace

std::string rendered(const Table& table, TableFormat format) {
  for (const auto& row : table.rows) MOBASIM_ASSERT_EQUAL(row.size(), table.columns.size());
  switch (format) {
    case TableFormat::csv:
      return as_csv(table);
    case TableFormat::json:
      return as_json(table);
    case TableFormat::text:
      return as_text(table);
  }
  return "";
}

}  // namespace mobasim
