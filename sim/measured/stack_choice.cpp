#include "sim/measured/stack_choice.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/csv.h"
#include "sim/base/text.h"
#include "sim/measured/row_words.h"

namespace mobasim {
namespace {

constexpr std::string_view kNone = "-";

void add_name(std::vector<std::string>& names, const std::string& name) {
  if (name.empty() || name == kNone || std::ranges::find(names, name) != names.end()) return;
  names.push_back(name);
}

std::string listed(const std::vector<ChoiceRule>& rules, std::string ChoiceRule::*field) {
  std::vector<std::string> names;
  for (const ChoiceRule& rule : rules) add_name(names, rule.*field);
  std::ranges::sort(names);
  return joined(names);
}

}  // namespace

std::vector<ChoiceRule> choice_rules_from(const std::filesystem::path& file) {
  const CsvTable table = CsvTable::read(file);
  const std::size_t framework = table.column("framework"), gpu = table.column("gpu"), source = table.column("source"),
                    device = table.column("device"), stack = table.column("stack");
  std::vector<ChoiceRule> rules;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const auto cell = [&](std::size_t column) { return std::string(table.text(row, column)); };
    rules.push_back({cell(framework), cell(gpu), cell(source), cell(device), cell(stack)});
    if (rules.back().device.empty() && rules.back().stack.empty()) {
      throw ConfigError(table.where(row, device), "this rule settles neither the device nor the stack");
    }
  }
  return rules;
}

StackChoice stack_choice(const std::vector<ChoiceRule>& rules, std::string_view framework, std::string_view gpu,
                         std::string_view source) {
  StackChoice choice;
  for (const ChoiceRule& rule : rules) {
    if (!matches_pattern(framework, rule.framework) || !matches_pattern(gpu, rule.gpu) ||
        !matches_pattern(source, rule.source)) {
      continue;
    }
    if (choice.device.empty()) choice.device = rule.device;
    if (choice.stack.empty()) choice.stack = rule.stack;
  }
  std::vector<std::string> reasons;
  if (choice.device.empty() || choice.device == kNone) {
    reasons.push_back(
        fmt::format("no profile of the GPU '{}'; there are: {}", gpu, listed(rules, &ChoiceRule::device)));
  }
  if (choice.stack.empty() || choice.stack == kNone) {
    reasons.push_back(
        fmt::format("no stack for the framework '{}'; there are: {}", framework, listed(rules, &ChoiceRule::stack)));
  }
  choice.reason = joined(reasons, "; ");
  return choice;
}

}  // namespace mobasim
