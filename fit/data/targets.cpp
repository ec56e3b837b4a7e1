#include "fit/data/targets.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "fit/data/cells.h"
#include "fit/data/condition.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// What stands between separators, without spaces around it.
std::vector<std::string_view> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<double> positive(std::string_view text) {
  const std::optional<double> number = finite_number(text);
  return number && *number > 0 ? number : std::nullopt;
}

Target target_from(std::string_view text, std::size_t inputs) {
  const std::vector<std::string_view> parts = parts_of(text, ':');
  Target target;
  for (const std::string_view part : parts) {
    if (const std::optional<double> number = positive(part)) target.x.push_back(*number);
  }
  if (parts.size() == inputs && target.x.size() == inputs) return target;
  if (inputs == 1) {
    throw ConfigError(fmt::format("'{}': a number above 0 is wanted, as in 6e9{}", text,
                                  parts.size() > 1 ? "; the law has one input" : ""));
  }
  throw ConfigError(fmt::format("'{}': parameters:tokens are wanted, two numbers above 0, as in 7e9:140e9", text));
}

// Of the columns that tell groups apart those that the table has: all or none.
std::vector<std::size_t> key_columns(const CsvTable& table, const std::vector<std::string>& by) {
  std::vector<std::size_t> columns;
  std::vector<std::string> there, missing;
  for (const std::string& name : by) {
    if (table.has_column(name)) columns.push_back(table.column(name));
    (table.has_column(name) ? there : missing).push_back(name);
  }
  if (!there.empty() && !missing.empty()) {
    throw ConfigError({table.file(), 0, 0}, fmt::format("of the columns that tell groups apart it has {} and lacks {}: "
                                                        "all are wanted, or none",
                                                        joined(there), joined(missing)));
  }
  return columns;
}

}  // namespace

std::vector<Target> targets_from(const std::string& text, std::size_t inputs) {
  std::vector<Target> targets;
  for (const std::string_view part : parts_of(text, ',')) targets.push_back(target_from(part, inputs));
  return targets;
}

std::vector<Target> targets_from(const CsvTable& table, const Selection& selection) {
  std::vector<std::size_t> inputs;
  if (selection.tokens.empty()) {
    inputs = {table.column(selection.x)};
  } else {
    inputs = {table.column(selection.parameters), table.column(selection.tokens)};
  }
  std::optional<std::size_t> loss;
  if (!selection.loss.empty() && table.has_column(selection.loss)) loss = table.column(selection.loss);
  const std::vector<std::size_t> key = key_columns(table, selection.by);
  const RowFilter filter(table, selection.where);
  CellProblems problems(table);
  std::vector<Target> targets;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const RowFilter::Answer answer = filter(row);
    if (answer == RowFilter::Answer::out) continue;
    if (answer == RowFilter::Answer::unclear) filter.tell_unclear(row, problems);
    Target target;
    for (const std::size_t column : inputs) target.x.push_back(problems.positive_number(row, column).value_or(0));
    if (loss && !table.empty(row, *loss)) target.observed = problems.positive_number(row, *loss);
    for (const std::size_t column : key) target.key.emplace_back(table.text(row, column));
    targets.push_back(std::move(target));
  }
  problems.throw_if_any();
  if (targets.empty()) {
    throw ConfigError({table.file(), 0, 0}, fmt::format("no row of its {} asks for anything", table.rows()));
  }
  return targets;
}

std::vector<Target> targets_of(const std::vector<Target>& targets, const std::vector<std::string>& key) {
  std::vector<Target> of_group;
  for (const Target& target : targets) {
    if (target.key.empty() || target.key == key) of_group.push_back(target);
  }
  return of_group;
}

std::vector<std::string> keys_without_group(const std::vector<Target>& targets, const std::vector<RunGroup>& groups) {
  std::vector<std::string> keys;
  for (const Target& target : targets) {
    const auto is_its_group = [&](const RunGroup& group) { return group.key == target.key; };
    if (target.key.empty() || std::any_of(groups.begin(), groups.end(), is_its_group)) continue;
    const std::string key = joined(target.key);
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  return keys;
}

std::vector<double> positive_numbers_from(const std::string& text) {
  std::vector<double> numbers;
  for (const std::string_view part : parts_of(text, ',')) {
    const std::optional<double> number = positive(part);
    if (!number) throw ConfigError(fmt::format("'{}': a number above 0 is wanted", part));
    numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace mobasim
