// The program: parses, runs the chosen command, and is the one place where errors become exit codes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <memory>
#include <system_error>

#include "cli/command.h"
#include "mobasim_version.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::cli {
namespace {

// THE list of commands.
constexpr std::array<AddCommand, 11> kCommands = {add_bench,   add_check_profile, add_verify,    add_attend,
                                                  add_plan,    add_validate,      add_calibrate, add_fit,
                                                  add_project, add_plot,          add_list};

constexpr const char* kDescription = R"(What a long-context LLM training run costs, and what loss it reaches.

Examples:
  mobasim bench -o out                          measure this machine's attention kernels
  mobasim plan configs/runs/moba-1.5b-32k.yaml  time, memory and money of a run
  mobasim project moba-trailing-32k -o out      laws, projections and chart of a study
  mobasim list models                           the shapes that are shipped)";

enum Exit { kOk = 0, kNo = 1, kUsage = 2, kMachine = 3, kNotModelled = 4, kInterrupted = 130 };

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
  if (word.empty() || word[0] == '-') return "";
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands(nullptr)) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), word) != names.end()) return "";
  return fmt::format("'{}' is no command{}; there are: {}", word, suggestion(word, names), joined(names));
}

int run(int argc, char** argv) {
  keep_command_line(argc, argv);
  CLI::App program(kDescription, "mobasim");
  program.formatter(std::make_shared<OneLineACommand>());
  program.set_version_flag("--version", fmt::format("mobasim {} ({}, {}, {}, CUDA kernels: {})", kVersion, kCommit,
                                                    kCompiler, kBuildType, kCudaKernels));
  program.require_subcommand(1);
  Action chosen;
  for (const AddCommand add : kCommands) add(program, chosen);
  const std::string problem = problem_of_command(program, argc > 1 ? argv[1] : "");
  if (!problem.empty()) throw ConfigError(problem);
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return program.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return program.exit(version);
  } catch (const CLI::ParseError& error) {
    tell(fmt::format("{}; 'mobasim --help' and 'mobasim COMMAND --help' show what there is", error.what()));
    return kUsage;
  }
  return chosen();
}

}  // namespace
}  // namespace mobasim::cli

int main(int argc, char** argv) {
  using namespace mobasim;
  using namespace mobasim::cli;
  install_interrupt_handler();
  try {
    return run(argc, argv);
  } catch (const Interrupted&) {
    end_progress();
    tell("stopped");
    return kInterrupted;
  } catch (const ConfigError& error) {
    end_progress();
    for (const Problem& problem : error.problems()) tell(text(problem));
    return kUsage;
  } catch (const Unsupported& error) {
    end_progress();
    tell(error.what());
    return kNotModelled;
  } catch (const std::exception& error) {  // std::system_error, std::bad_alloc: the machine
    end_progress();
    tell(error.what());
    return kMachine;
  }
}
