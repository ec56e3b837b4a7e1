// The program: parses, runs the chosen command, and is the one place where errors become exit codes.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <system_error>

#include "cli/command.h"
#include "mobasim_version.h"
#include "sim/base/error.h"

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

enum Exit { kUsage = 2, kMachine = 3, kNotModelled = 4, kInterrupted = 130 };

int run(int argc, char** argv) {
  keep_command_line(argc, argv);
  Parser parser(kDescription, fmt::format("mobasim {} ({}, {}, {}, CUDA kernels: {})", kVersion, kCommit, kCompiler,
                                          kBuildType, kCudaKernels));
  for (const AddCommand add : kCommands) add(parser.program());
  return parser.parsed({argv + std::min(argc, 1), argv + argc})();
}

}  // namespace
}  // namespace mobasim::cli

int main(int argc, char** argv) {
  using namespace mobasim;
  using namespace mobasim::cli;
  install_interrupt_handler();
  try {
    return run(argc, argv);
  } catch (const Stopped&) {
    end_progress();
    tell("stopped");
    return kInterrupted;
  } catch (const ConfigError& error) {
    end_progress();
    for (const ConfigError::Problem& problem : error.problems()) tell(text(problem));
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
