#include "cli/parser.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <type_traits>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::cli {
namespace {

// In the list of commands each takes one line, the first of its description.
class OneLineACommand : public CLI::Formatter {
 public:
  std::string make_subcommand(const CLI::App* command) const override {
    const std::string text = command->get_description();
    return fmt::format("  {:<15}{}\n", command->get_name(), text.substr(0, text.find('\n')));
  }
};

// What to say of a first word that is no command, or "". CLI11 itself would only ask for a command.
std::string problem_of_command(const CLI::App& program, const std::string& word) {
  if (word.empty() || word == "-h" || word == "--help" || word == "--version") return "";
  if (word[0] == '-') return fmt::format("'{}' is no option of mobasim itself; a command comes first", word);
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands(nullptr)) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), word) != names.end()) return "";
  return fmt::format("'{}' is no command{}; there are: {}", word, suggestion(word, names), joined(names));
}

// CLI11 lists what it did not expect backwards.
std::string words_of(const CLI::App& program, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) return error.what();
  const std::vector<std::string> words = program.remaining(true);
  return fmt::format("The following argument{} not expected: {}", words.size() > 1 ? "s were" : " was",
                     joined(words, " "));
}

}  // namespace

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::one_of(const std::vector<std::string>& words) {
  option_->check(CLI::IsMember(words));
  return *this;
}

Option& Option::between(int low, int high) {
  option_->check(CLI::Range(low, high));
  return *this;
}

Option& Option::checked(const std::function<std::string(const std::string&)>& problem) {
  option_->check(problem);
  return *this;
}

Option& Option::excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}

Option& Option::separated_by(char separator) {
  option_->delimiter(separator);
  return *this;
}

Option& Option::one_word_each() {
  option_->allow_extra_args(false);
  return *this;
}

Option& Option::named_in_help(const std::string& value) {
  option_->type_name(value);
  return *this;
}

Option& Option::default_in_help() {
  option_->capture_default_str();
  return *this;
}

Command Command::command(const std::string& name, const std::string& description) {
  return {*app_->add_subcommand(name, description), *chosen_};
}

template <class T>
Option Command::option(const std::string& names, T& value, const std::string& help) {
  CLI::Option* const option = app_->add_option(names, value, help);
  using Path = std::filesystem::path;
  if (std::is_same_v<T, Path> || std::is_same_v<T, std::vector<Path>>) {
    option->check([](const std::string& text) { return text.empty() ? "the name of a file or folder is empty" : ""; });
  }
  return Option(option);
}
template Option Command::option(const std::string&, std::string&, const std::string&);
template Option Command::option(const std::string&, std::filesystem::path&, const std::string&);
template Option Command::option(const std::string&, int&, const std::string&);
template Option Command::option(const std::string&, std::int64_t&, const std::string&);
template Option Command::option(const std::string&, double&, const std::string&);
template Option Command::option(const std::string&, std::optional<std::int64_t>&, const std::string&);
template Option Command::option(const std::string&, std::optional<double>&, const std::string&);
template Option Command::option(const std::string&, std::vector<std::string>&, const std::string&);
template Option Command::option(const std::string&, std::vector<std::filesystem::path>&, const std::string&);

Option Command::flag(const std::string& names, bool& value, const std::string& help) {
  return Option(app_->add_flag(names, value, help));
}

void Command::footer(const std::string& text) { app_->footer(text); }

void Command::action(Action run) {
  app_->callback([app = app_, chosen = chosen_, run = std::move(run)] {
    if (app->get_subcommands().empty()) *chosen = run;
  });
}

std::string Command::help() const { return app_->help(); }

Parser::Parser(const std::string& description, const std::string& version)
    : app_(std::make_unique<CLI::App>(description, "mobasim")) {
  app_->formatter(std::make_shared<OneLineACommand>());
  app_->set_version_flag("--version", version);
  app_->require_subcommand(1);
}

Parser::~Parser() = default;

Command Parser::program() { return {*app_, chosen_}; }

Action Parser::parsed(const std::vector<std::string>& words) {
  const std::string problem = problem_of_command(*app_, words.empty() ? "" : words.front());
  if (!problem.empty()) throw ConfigError(problem);
  try {
    app_->parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 takes them from the back
  } catch (const CLI::CallForHelp& help) {
    return [this, help] { return app_->exit(help); };
  } catch (const CLI::CallForVersion& version) {
    return [this, version] { return app_->exit(version); };
  } catch (const CLI::ParseError& error) {
    throw ConfigError(
        fmt::format("{}; 'mobasim --help' and 'mobasim COMMAND --help' show what there is", words_of(*app_, error)));
  }
  return chosen_;
}

}  // namespace mobasim::cli
