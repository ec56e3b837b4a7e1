// mobasim verify: every kernel of a backend against its oracle, case by case.
#include "kernels/verify.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/command.h"

namespace mobasim::cli {
namespace {

constexpr const char* kDescription =
    R"(Check the attention kernels: picks, outputs and gradients of every case against a float64 reference.

One row for each case and pass; max_error and bound are those of the element where their ratio is greatest. The exit code
is 1 when any row fails. The bounds are in docs/method/kernels.md.

Examples:
  mobasim verify                          the CPU kernels against the reference
  mobasim verify --backend reference      the reference against dense matrices
  mobasim verify --case moba_ties --format table)";

struct Options {
  std::string backend = "cpu";
  std::vector<std::string> cases;
  Output output;
};

std::vector<kernels::Case> chosen_cases(const Options& options) {
  const std::vector<kernels::Case> all = kernels::cases_for(kernels::Purpose::verify);
  if (options.cases.empty()) return all;
  std::vector<kernels::Case> chosen;
  for (const std::string& name : options.cases) chosen.push_back(kernels::case_named(all, name));
  return chosen;
}

int verify(const Options& options) {
  const kernels::Backend backend = kernels::backend_named(options.backend);
  const std::vector<kernels::Case> cases = chosen_cases(options);
  std::vector<kernels::VerifyRow> rows;
  int failed = 0, skipped = 0;
  for (const kernels::Case& row : cases) {
    if (interrupted()) throw Interrupted{};
    show_progress(fmt::format("verify {}: {}", options.backend, row.name));
    for (kernels::VerifyRow& result : kernels::verify(row, backend)) {
      failed += result.verdict == kernels::Verdict::fail;
      skipped += result.verdict == kernels::Verdict::skipped;
      if (!result.note.empty()) tell(fmt::format("{}, {}: {}", result.case_name, result.pass_name, result.note));
      rows.push_back(std::move(result));
    }
  }
  end_progress();
  print(kernels::verify_table(rows), options.output);
  tell(fmt::format("{} checks of {} cases on {}: {} failed, {} skipped", rows.size(), cases.size(), options.backend,
                   failed, skipped));
  return failed > 0 ? 1 : 0;
}

}  // namespace

void add_verify(CLI::App& program, Action& chosen) {
  CLI::App* command = program.add_subcommand("verify", kDescription);
  const auto options = std::make_shared<Options>();
  command->add_option("--backend", options->backend, "cpu or reference")->capture_default_str();
  command->add_option("--case", options->cases, "only the case of this name; may be repeated");
  add_output_options(*command, options->output);
  command->callback([&chosen, options] { chosen = [options] { return verify(*options); }; });
}

}  // namespace mobasim::cli
