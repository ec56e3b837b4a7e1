#include "fit/data/condition.h"

#include <fmt/core.h>

#include <algorithm>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

using Relation = Condition::Relation;

bool compares_sizes(Relation relation) { return relation != Relation::equal && relation != Relation::not_equal; }

bool in_order(Relation relation, double cell, double bound) {
  switch (relation) {
    case Relation::at_most:
      return cell <= bound;
    case Relation::at_least:
      return cell >= bound;
    case Relation::below:
      return cell < bound;
    case Relation::above:
      return cell > bound;
    case Relation::equal:
    case Relation::not_equal:
      break;
  }
  return false;
}

// The same text, or the same number.
bool same(const Condition& condition, std::string_view cell) {
  if (cell == condition.value) return true;
  if (!condition.number) return false;
  const std::optional<double> number = finite_number(cell);
  return number && *number == *condition.number;
}

struct Sign {
  std::size_t begin = std::string::npos, length = 0;
  Relation relation = Relation::equal;
};

// The first sign of a relation in the text.
Sign first_sign(const std::string& text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool equals_next = at + 1 < text.size() && text[at + 1] == '=';
    if (text[at] == '=') return {at, 1, Relation::equal};
    if (text[at] == '!' && equals_next) return {at, 2, Relation::not_equal};
    if (text[at] == '<') return equals_next ? Sign{at, 2, Relation::at_most} : Sign{at, 1, Relation::below};
    if (text[at] == '>') return equals_next ? Sign{at, 2, Relation::at_least} : Sign{at, 1, Relation::above};
  }
  return {};
}

// What the column holds, for people: the range of its numbers, or its texts.
std::string range_of(const CsvTable& table, std::size_t column) {
  double lowest = 0, highest = 0;
  bool any = false;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::optional<double> number = finite_number(table.text(row, column));
    if (!number) continue;
    lowest = any ? std::min(lowest, *number) : *number;
    highest = any ? std::max(highest, *number) : *number;
    any = true;
  }
  return any ? fmt::format("goes from {} to {}", shortest(lowest), shortest(highest)) : "holds no number";
}

std::string texts_of(const CsvTable& table, std::size_t column, const std::optional<std::string>& wanted) {
  constexpr std::size_t kMostNamed = 10;
  std::vector<std::string> values;
  for (std::size_t row = 0; row < table.rows() && values.size() <= kMostNamed; ++row) {
    const std::string value(table.text(row, column));
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  }
  const std::string hint = wanted ? suggestion(*wanted, values) : "";
  if (values.size() > kMostNamed) values[kMostNamed] = "...";
  return fmt::format("holds {}{}", joined(values), hint);
}

}  // namespace

Condition condition_from(const std::string& text) {
  const Sign sign = first_sign(text);
  if (sign.begin == std::string::npos || sign.begin == 0) {
    throw ConfigError(
        fmt::format("'{}' is no condition: COL=VALUE expected, or !=, <=, >=, <, > in place of the =", text));
  }
  Condition condition{text, text.substr(0, sign.begin), sign.relation, text.substr(sign.begin + sign.length), {}};
  condition.number = finite_number(condition.value);
  if (compares_sizes(sign.relation) && !condition.number) {
    throw ConfigError(
        fmt::format("'{}' is no condition: a number is wanted after {}", text, text.substr(sign.begin, sign.length)));
  }
  return condition;
}

RowFilter::RowFilter(const CsvTable& table, const std::vector<std::string>& conditions) : table_(table) {
  for (const std::string& text : conditions) {
    const Condition condition = condition_from(text);
    conditions_.push_back({condition, table.column(condition.column)});
  }
  for (const Placed& placed : conditions_) require_met(placed);
}

RowFilter::Answer RowFilter::answer(const Placed& placed, std::size_t row) const {
  const Condition& condition = placed.condition;
  const std::string_view cell = table_.text(row, placed.column);
  if (!compares_sizes(condition.relation)) {
    return same(condition, cell) == (condition.relation == Relation::equal) ? Answer::in : Answer::out;
  }
  if (cell.empty()) return Answer::out;
  const std::optional<double> number = finite_number(cell);
  if (!number) return Answer::unclear;
  return in_order(condition.relation, *number, *condition.number) ? Answer::in : Answer::out;
}

RowFilter::Answer RowFilter::operator()(std::size_t row) const {
  Answer all = Answer::in;
  for (const Placed& placed : conditions_) {
    const Answer one = answer(placed, row);
    if (one == Answer::out) return Answer::out;
    if (one == Answer::unclear) all = Answer::unclear;
  }
  return all;
}

void RowFilter::tell_unclear(std::size_t row, CellProblems& problems) const {
  for (const Placed& placed : conditions_) {
    if (answer(placed, row) != Answer::unclear) continue;
    problems.add(row, placed.column, [&] {
      return fmt::format("{} compares numbers, and '{}' is no finite number", placed.condition.text,
                         table_.text(row, placed.column));
    });
  }
}

// A condition that no row of the whole table meets is a slip: says what the column does hold.
void RowFilter::require_met(const Placed& placed) const {
  for (std::size_t row = 0; row < table_.rows(); ++row) {
    if (answer(placed, row) == Answer::in) return;
  }
  const Condition& condition = placed.condition;
  std::optional<std::string> wanted;
  if (condition.relation == Relation::equal) wanted = condition.value;
  const std::string holds =
      compares_sizes(condition.relation) ? range_of(table_, placed.column) : texts_of(table_, placed.column, wanted);
  throw ConfigError({table_.file(), 0, 0},
                    fmt::format("no row has {}; the column '{}' {}", condition.text, condition.column, holds));
}

}  // namespace mobasim
