// Which device profile and which stack a measured run means: the shipped table configs/stacks/choice.csv.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mobasim {

struct ChoiceRule {
  std::string framework, gpu, source;  // patterns: '*' stands for any characters
  std::string device, stack;           // names; empty: the rule does not settle it; "-": there is none
};

// The first rule that matches and settles it wins. Throws ConfigError.
[[nodiscard]] std::vector<ChoiceRule> choice_rules_from(const std::filesystem::path& file);

struct StackChoice {
  std::string device, stack;
  std::string reason;  // not empty: no profile for this GPU, or no stack for this framework, in words
};
[[nodiscard]] StackChoice stack_choice(const std::vector<ChoiceRule>& rules, std::string_view framework,
                                       std::string_view gpu, std::string_view source);

}  // namespace mobasim
