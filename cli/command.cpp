#include "cli/command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "mobasim_version.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/named_file.h"
#include "sim/base/units_text.h"

namespace mobasim::cli {
namespace {

volatile std::sig_atomic_t interrupt_seen = 0;  // a signal handler can reach nothing else

bool progress_shown = false;

std::vector<std::string> typed;  // the command line

bool on_terminal = false;  // stderr is one

// The first Ctrl-C asks for a clean stop; a second one ends the program as usual.
void on_interrupt(int) {
  interrupt_seen = 1;
  constexpr char kStopping[] = "\nstopping at the next chance; Ctrl-C again ends it now\n";
  if (on_terminal && ::write(STDERR_FILENO, kStopping, sizeof kStopping - 1) < 0) interrupt_seen = 1;
  std::signal(SIGINT, SIG_DFL);
}

}  // namespace

void add_output_options(Command command, Output& output) {
  command.option("--format", output.format, "csv, json, or table (aligned, for people)")
      .one_of({"csv", "json", "table"})
      .default_in_help();
  command.option("-o,--output", output.file, "write to this file instead of stdout");
}

void check_output(const std::filesystem::path& output, const std::vector<std::filesystem::path>& read) {
  for (const std::filesystem::path& file : read) {
    if (output.empty() || !same_file(output, file)) continue;
    throw ConfigError(fmt::format("--output {}: that is a file which is read", output.string()));
  }
}

TableFormat table_format(const Output& output) {
  if (output.format == "json") return TableFormat::json;
  return output.format == "table" ? TableFormat::text : TableFormat::csv;
}

void print(const Table& table, const Output& output) {
  const std::string content = rendered(table, table_format(output));
  if (!output.file.empty()) return write_file(output.file, content);
  print(content);
}

void print(const std::string& content) {
  if (std::fwrite(content.data(), 1, content.size(), stdout) != content.size() || std::fflush(stdout) != 0) {
    throw_system_error("write to stdout");
  }
}

std::filesystem::path config_folder() {
  const char* named = std::getenv("MOBASIM_CONFIGS");
  const std::filesystem::path folder = named && *named ? named : kConfigFolder;
  if (std::filesystem::is_directory(folder)) return folder;
  throw ConfigError(fmt::format("{}: no such folder of configs; name one in MOBASIM_CONFIGS", folder.string()));
}

std::filesystem::path config_file(const std::string& kind, const std::string& name_or_path) {
  const std::filesystem::path file = file_named(name_or_path, config_folder() / kind, "");
  if (const std::string problem = problem_of_name(name_or_path, file); !problem.empty()) throw ConfigError(problem);
  return file;
}

std::optional<DollarRate> price_of_flag(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const ParsedQuantity price = parsed_quantity(text, dimension_of(DollarRate{}));
  if (!price.value) throw ConfigError("--price: " + price.problem);
  if (*price.value < 0) throw ConfigError("--price: a price must not be negative");
  return DollarRate(*price.value);
}

void keep_command_line(int argc, const char* const* argv) {
  typed.assign(argv, argv + argc);
  if (!typed.empty()) typed[0] = "mobasim";
}

const std::vector<std::string>& command_line() { return typed; }

void tell(const std::string& message) {
  end_progress();
  std::fputs(fmt::format("mobasim: {}\n", message).c_str(), stderr);
}

Progress terminal_progress() {
  const auto stop = [] { return interrupt_seen != 0; };
  if (!::isatty(STDERR_FILENO)) return {{}, stop};
  const auto show = [](const std::string& line) {
    std::fputs(fmt::format("\r\x1b[K{}", line).c_str(), stderr);
    std::fflush(stderr);
    progress_shown = true;
  };
  return {show, stop};
}

void end_progress() {
  if (!progress_shown) return;
  std::fputs("\r\x1b[K", stderr);
  progress_shown = false;
}

void install_interrupt_handler() {
  on_terminal = ::isatty(STDERR_FILENO) == 1;
  std::signal(SIGINT, on_interrupt);
}

}  // namespace mobasim::cli
