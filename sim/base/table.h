// A result as a table, and its three forms: CSV (RFC 4180, numbers as the shortest text that reads back to the same
// double), JSON (an array of objects; empty cells are null) and aligned text for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mobasim {

using Cell = std::variant<std::monostate, std::string, double, std::int64_t, bool>;

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
};

enum class TableFormat { csv, json, text };

// A row of another width than the header, or a double that is not finite, is our own bug: asserts.
[[nodiscard]] std::string rendered(const Table& table, TableFormat format);

}  // namespace mobasim
