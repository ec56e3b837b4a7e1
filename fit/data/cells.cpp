#include "fit/data/cells.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "sim/base/text.h"

namespace mobasim {

std::optional<double> CellProblems::positive_number(std::size_t row, std::size_t column, std::string_view flag) {
  const std::string_view text = table_.text(row, column);
  const std::optional<double> value = finite_number(text);
  if (value && *value > 0) return value;
  add(row, column, [&] {
    const std::string& name = table_.columns()[column];
    if (!value) return fmt::format("column '{}': '{}' is no finite number", name, text);
    const std::string wanted = fmt::format("'{}' is {}: a number above 0 is wanted", name, text);
    return *value == 0 && !flag.empty() ? wanted + fmt::format("; {} '{}>0' leaves such rows out", flag, name) : wanted;
  });
  return std::nullopt;
}

void CellProblems::throw_if_any() const {
  if (told_.empty()) return;
  std::vector<ConfigError::Problem> problems = told_;
  if (more_ > 0) {
    const auto earlier = [](const ConfigError::Problem& a, const ConfigError::Problem& b) {
      return std::tie(a.where.line, a.where.column) < std::tie(b.where.line, b.where.column);
    };
    std::max_element(problems.begin(), problems.end(), earlier)->what += fmt::format("\nand {} more", more_);
  }
  throw ConfigError(std::move(problems));
}

}  // namespace mobasim
