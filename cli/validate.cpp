// mobasim validate: published, measured runs beside what the model says of them.
#include <fmt/format.h>

#include <algorithm>

#include "cli/command.h"
#include "fit/calibration/validation.h"
#include "sim/measured/convention_table.h"
#include "sim/stack/calibration.h"

namespace mobasim::cli {
namespace {

constexpr const char* kFooter = R"(
Examples:
  mobasim validate runs.csv -o out.csv              with the shipped constants of the stacks
  mobasim validate runs.csv --cross-validate source constants fitted to the other sources of the table
  mobasim validate runs.csv --stacks mine.yaml      with the constants of `mobasim calibrate runs.csv -o mine.yaml`

The table has the columns id, framework, gpu, seq, gbs, n_gpus, hidden, layers and heads, and may have group, source,
model, attn, ffn, kv_heads, head_dim, vocab, tied_emb, glu, moe, mbs, gpus_per_node, nic_GBps_per_gpu, tp, pp, vpp, dp,
cp, sp, zero, recompute, precision, kernel_notes, iter_time_s, tokens_per_s_per_gpu, tflops_per_gpu, tflops_def, mem_GiB
and mem_kind. What a row leaves open is taken as the fastest that fits; `reason` says so. error = predicted / measured
- 1. Exit code 1: no row could be answered.)";

struct ValidateOptions {
  std::string runs, stacks, cross_validate;
  bool conventions = false;
  Output output;
};

// The constants that are shipped, where there are any.
std::filesystem::path calibration_file(const ValidateOptions& options) {
  if (!options.stacks.empty()) return options.stacks;
  const auto shipped = config_folder() / "stacks" / kCalibrationFile;
  return std::filesystem::exists(shipped) ? shipped : std::filesystem::path();
}

int validate(const ValidateOptions& options) {
  check_output(options.output.file, {options.runs, options.stacks});
  const std::vector<MeasuredRun> runs = measured_runs_from(CsvTable::read(options.runs));
  if (options.conventions) {
    print(convention_table(runs), options.output);
    return 0;
  }
  RunPreparer preparer(config_folder(), stacks_from(config_folder() / "stacks", calibration_file(options)));
  const std::vector<ValidatedRow> rows = validated_rows(
      runs, preparer, {.cross_validate = !options.cross_validate.empty(), .progress = terminal_progress()});
  end_progress();
  print(validation_table(rows), options.output);
  fmt::print(stderr, "{}", summary_text(rows));
  const bool answered =
      std::any_of(rows.begin(), rows.end(), [](const ValidatedRow& row) { return row.status != "unsupported"; });
  return answered ? 0 : 1;
}

}  // namespace

void add_validate(Command program) {
  const auto options = std::make_shared<ValidateOptions>();
  Command command = program.command("validate", "Measured runs beside the model's estimates");
  command.footer(kFooter);
  command.option("runs", options->runs, "CSV of measured runs").required().named_in_help("RUNS.csv");
  command.option("--stacks", options->stacks, "constants of the stacks, written by `mobasim calibrate`")
      .named_in_help("FILE");
  command
      .option("--cross-validate", options->cross_validate,
              "score each row with constants and intervals from rows of other sources")
      .one_of({"source"});
  command.flag("--conventions", options->conventions,
               "instead: the measured runs' FLOP/s under every convention of what counts");
  add_output_options(command, options->output);
  command.action([options] { return validate(*options); });
}

}  // namespace mobasim::cli
