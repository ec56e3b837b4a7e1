// mobasim calibrate: the few constants of each stack, fitted to measured runs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/command.h"
#include "fit/calibration/calibration.h"
#include "sim/base/error.h"
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

std::string constants_text(const Stack& stack, const StackFit& fit) {
  std::string text;
  for (const StackConstant which : stack.fitted) {
    const auto i = static_cast<std::size_t>(which);
    text += fmt::format("  {} {:.3f} +-{:.1f}%", stack_constant_names()[i], fit.constants.factor[i],
                        100 * fit.standard_error[i]);
  }
  return text;
}

std::string evidence_text(const std::optional<StackEvidence>& evidence) {
  if (!evidence) return "  nothing can be left out: uncalibrated\n";
  std::string text = fmt::format("  left out: spread {:.1f}%, bias {:+.1f}%, interval x/ {:.3f}\n",
                                 100 * evidence->spread, 100 * evidence->bias, std::exp(evidence->width));
  for (const std::string& source : evidence->sources) text += fmt::format("    {}\n", source);
  return text;
}

int calibrate_stacks(const CalibrateOptions& options) {
  const std::vector<MeasuredRun> runs = measured_runs_from(CsvTable::read(options.runs));
  RunPreparer preparer(config_folder(), stacks_from(config_folder() / "stacks", {}));
  std::vector<PreparedRun> prepared;
  const Progress progress = terminal_progress();
  for (const MeasuredRun& run : runs) {
    progress.step(fmt::format("row {} of {}", prepared.size() + 1, runs.size()));
    prepared.push_back(preparer.prepared(run));
  }
  std::vector<Stack> stacks = preparer.stacks();
  for (Stack& stack : stacks) {
    const std::vector<CalibrationRow> rows = calibration_rows(runs, prepared, stack.name);
    if (rows.empty()) continue;
    progress.step(stack.name);
    const StackFit fit = fitted_stack(stack, rows);
    stack.constants = fit.constants, stack.evidence = evidence_of(stack, rows);
    end_progress();
    fmt::print(stderr, "{}: {} rows\n{}\n{}", stack.name, rows.size(), constants_text(stack, fit),
               evidence_text(stack.evidence));
  }
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
