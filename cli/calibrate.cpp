// mobasim calibrate: the few constants of each stack, fitted to measured runs.
#include <fmt/format.h>

#include <algorithm>

#include "cli/command.h"
#include "fit/calibration/calibrated_stacks.h"
#include "sim/base/file.h"

namespace mobasim::cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  mobasim calibrate runs.csv -o stacks.yaml          fits every stack that rows choose
  mobasim validate other.csv --stacks stacks.yaml    uses what was fitted

The table's columns are those of `mobasim validate`. Rows of the group 'loose' are left out. Per stack the printed lines
say which rows it rests on, the constants with the standard error of their logarithm, and the residuals of rows that
were left out: by source where there are two, else by configuration.)";

struct CalibrateOptions {
  std::string runs;
  std::filesystem::path output;
};

int calibrate_stacks(const CalibrateOptions& options) {
  check_output(options.output, {options.runs});
  const std::vector<MeasuredRun> runs = measured_runs_from(CsvTable::read(options.runs));
  RunPreparer preparer(config_folder(), stacks_from(config_folder() / "stacks", {}));
  std::vector<Stack> stacks;
  const auto tell_of = [&](const CalibratedStack& one) {
    end_progress();
    fmt::print(stderr, "{}", text_of(one));
    stacks.push_back(one.stack);
  };
  (void)calibrated_stacks(runs, preparer, terminal_progress(), tell_of);
  if (std::ranges::none_of(stacks, [](const Stack& stack) { return stack.evidence.has_value(); })) {
    tell("no stack has rows enough to fit and to leave out");
    return 1;
  }
  const std::string source = "mobasim calibrate " + std::filesystem::path(options.runs).filename().string();
  write_file(options.output, calibration_text(stacks, source));
  return 0;
}

}  // namespace

void add_calibrate(Command program) {
  const auto options = std::make_shared<CalibrateOptions>();
  Command command = program.command("calibrate", "Fit the constants of the stacks to measured runs");
  command.footer(kFooter);
  command.option("runs", options->runs, "CSV of measured runs").required().named_in_help("RUNS.csv");
  command.option("-o,--output", options->output, "the constants, as YAML").required().named_in_help("STACKS.yaml");
  command.action([options] { return calibrate_stacks(*options); });
}

}  // namespace mobasim::cli
