// The command line. Every command declares itself with what stands here; parser.cpp alone includes CLI11, since each
// file that does takes five seconds to compile.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace mobasim::cli {

// Returns the exit code: 0 ok; 1 a check ran and failed, or the answer is no. Everything else is thrown.
using Action = std::function<int()>;

// An option or a flag of a command, for the rules that hold of it. What breaks one is refused before the command runs.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}
  Option& required();
  Option& one_of(const std::vector<std::string>& words);
  Option& between(int low, int high);  // both included
  // `problem` returns what is wrong with the text as given; empty: nothing.
  Option& checked(const std::function<std::string(const std::string&)>& problem);
  Option& excludes(const Option& other);
  Option& separated_by(char separator);             // several values in one word
  Option& one_word_each();                          // a list grows by repeating the option only
  Option& named_in_help(const std::string& value);  // what stands for the value: COL
  Option& default_in_help();

 private:
  CLI::Option* option_;
};

// A command, or the program itself, while it is declared. What the options are read into must live until the action
// ran.
class Command {
 public:
  Command(CLI::App& app, Action& chosen) : app_(&app), chosen_(&chosen) {}

  // `description` begins with the line that the list of commands shows.
  Command command(const std::string& name, const std::string& description);
  // `names` as in "-o,--output"; without dashes it is read by its place. `T` is one of those that parser.cpp lists:
  // text, paths, numbers, whether they were given at all (std::optional), and lists of text and paths.
  template <class T>
  Option option(const std::string& names, T& value, const std::string& help);
  Option flag(const std::string& names, bool& value, const std::string& help);
  void footer(const std::string& text);
  // What runs when the user chose this command, and none below it.
  void action(Action run);
  [[nodiscard]] std::string help() const;

 private:
  CLI::App* app_;
  Action* chosen_;
};

class Parser {
 public:
  Parser(const std::string& description, const std::string& version);
  ~Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  [[nodiscard]] Command program();
  // The action of the command that `words` (without the program's name) choose; that of --help and --version prints.
  // Throws ConfigError with what is wrong, and the nearest command for a first word that is none.
  [[nodiscard]] Action parsed(const std::vector<std::string>& words);

 private:
  std::unique_ptr<CLI::App> app_;
  Action chosen_;
};

}  // namespace mobasim::cli
