// What a command is: a function that declares itself to the parser, with the action that main runs when the user chose
// it. One command a file; main.cpp holds the list.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/parser.h"
#include "sim/base/progress.h"
#include "sim/base/table.h"
#include "sim/base/units.h"

namespace mobasim::cli {

using AddCommand = void (*)(Command program);

void add_attend(Command program);
void add_bench(Command program);
void add_verify(Command program);
void add_plan(Command program);
void add_fit(Command program);
void add_project(Command program);
void add_plot(Command program);
void add_check_profile(Command program);
void add_validate(Command program);
void add_calibrate(Command program);
void add_list(Command program);

// --format csv|json|table and -o FILE, alike in every command that prints a table. stdout is for data only.
struct Output {
  std::string format = "csv";
  std::filesystem::path file;  // empty: stdout
};
void add_output_options(Command command, Output& output);
// Throws ConfigError where the output is one of the files that are read, which would be lost.
void check_output(const std::filesystem::path& output, const std::vector<std::filesystem::path>& read);
[[nodiscard]] TableFormat table_format(const Output& output);
void print(const Table& table, const Output& output);
void print(const std::string& content);  // on stdout

// The folder of the shipped configs: $MOBASIM_CONFIGS, else where the program was built from. Throws ConfigError where
// it is not there.
[[nodiscard]] std::filesystem::path config_folder();

// The file of a config that the user named on the command line: a name of `kind` (models, devices, ...), or a path.
// Throws ConfigError when there is none, with the nearest name.
[[nodiscard]] std::filesystem::path config_file(const std::string& kind, const std::string& name_or_path);
// --price '2.50 $/h'; nothing when the flag was not given. Throws ConfigError.
[[nodiscard]] std::optional<DollarRate> price_of_flag(const std::string& text);

// The command as it was typed, the program's name without its folder; kept by main.
void keep_command_line(int argc, const char* const* argv);
[[nodiscard]] const std::vector<std::string>& command_line();

// A line on stderr, beginning with "mobasim: ".
void tell(const std::string& message);
// Of long work: its lines on stderr, each overwritten by the next one, where that is a terminal; asked to stop once the
// user pressed Ctrl-C. The program then exits with 130.
[[nodiscard]] Progress terminal_progress();
void end_progress();  // of lines: nothing is left of the last one
void install_interrupt_handler();

}  // namespace mobasim::cli
