// mobasim verify: every kernel of a backend against its oracle, case by case.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "cli/command.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/verify/conformance/conformance.h"
#include "kernels/verify/mutants.h"
#include "kernels/verify/verification.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::cli {
namespace {

constexpr const char* kDescription =
    R"(Check the attention kernels: picks, outputs and gradients of every case against a float64 reference.

One row for each case, dtype and pass; max_error and bound are those of the element where their ratio is greatest, of all
seeds together. The exit code is 1 when any row fails. The bounds are in docs/method/kernels.md. cpu runs the kernels of this
machine, by default with the best instruction set it has; simt runs the CUDA kernels on the processor, every access checked;
cuda runs them on a GPU.

Examples:
  mobasim verify                          the CPU kernels against the reference, f32 and bf16
  mobasim verify --quick --instruction-set all     each instruction set that this processor has, forced in turn
  mobasim verify --backend reference      the reference against dense matrices
  mobasim verify --backend simt --quick   the CUDA kernels, the few cases that touch everything
  mobasim verify --backend cuda --conformance      first of all on a new GPU: what the hardware does for the kernels
  mobasim verify --backend cuda --thorough
  mobasim verify --backend simt --mutants   bugs planted in the CUDA kernels, one after the other: what catches each
  mobasim verify --case moba_ties --format table)";

constexpr int kThoroughSeeds = 3;

struct Options {
  std::string backend = "cpu", dtype, instruction_set;
  std::vector<std::string> cases;
  bool quick = false, thorough = false, conformance = false, mutants = false;
  int seeds = 0;  // 0: not given
  Output output;
};

std::vector<kernels::Case> chosen_cases(const Options& options) {
  if (options.quick) return kernels::quick_cases();
  const std::vector<kernels::Case> all = kernels::cases_for(kernels::Purpose::verify);
  if (options.cases.empty()) return all;
  std::vector<kernels::Case> chosen;
  for (const std::string& name : options.cases) chosen.push_back(kernels::case_named(all, name));
  return chosen;
}

std::vector<std::optional<kernels::Dtype>> chosen_dtypes(const Options& options) {
  const std::vector<kernels::Dtype> all = kernels::dtypes_of_backend(options.backend);
  if (options.dtype.empty() && all.empty()) return {std::nullopt};
  std::vector<std::optional<kernels::Dtype>> chosen;
  std::vector<std::string> names;
  for (const kernels::Dtype dtype : all) {
    names.emplace_back(kernels::name(dtype));
    if (options.dtype.empty() || options.dtype == "both" || options.dtype == names.back()) chosen.emplace_back(dtype);
  }
  if (!chosen.empty()) return chosen;
  throw ConfigError(
      all.empty() ? fmt::format("--dtype is not for --backend {}, which computes in one format alone", options.backend)
                  : fmt::format("there is no --dtype '{}' for --backend {}; there are {} and both", options.dtype,
                                options.backend, joined(names)));
}

// nullptr: the best.
std::vector<const kernels::cpu::MicroKernels*> chosen_instruction_sets(const Options& options) {
  if (options.instruction_set.empty()) return {nullptr};
  if (options.backend != "cpu") {
    throw ConfigError(fmt::format("--instruction-set is for --backend cpu, not {}", options.backend));
  }
  if (options.instruction_set == "all") return kernels::cpu::micro_kernels();
  return {&kernels::cpu::micro_kernels_named(options.instruction_set)};
}

int chosen_seeds(const Options& options) {
  if (options.seeds > 0) return options.seeds;
  return options.thorough ? kThoroughSeeds : 1;
}

int verify_primitives(const Options& options) {
  const std::vector<kernels::conformance::Row> rows = kernels::conformance::conformance_of(options.backend);
  print(kernels::conformance::conformance_table(rows, options.backend), options.output);
  const std::int64_t failed = failures(rows);
  tell(fmt::format("{} primitives on {}: {} failed", rows.size(), options.backend, failed));
  return failed > 0 ? 1 : 0;
}

int verify_mutants(const Options& options) {
  if (options.backend != "simt") throw ConfigError("--mutants are planted on the executor: --backend simt");
  const std::vector<kernels::verify::Mutant> list = kernels::verify::mutants(terminal_progress());
  const std::vector<kernels::verify::MutantOutcome> outcomes = outcomes_of(list, terminal_progress());
  end_progress();
  print(mutant_table(list, outcomes), options.output);
  const std::int64_t survived = survivors(outcomes);
  tell(fmt::format("{} mutants: {} survived", list.size(), survived));
  return survived > 0 ? 1 : 0;
}

int verify(const Options& options) {
  if (options.conformance) return verify_primitives(options);
  if (options.mutants) return verify_mutants(options);
  kernels::verify::Wanted wanted;
  wanted.backend = options.backend;
  wanted.cases = chosen_cases(options);
  wanted.dtypes = chosen_dtypes(options);
  wanted.instruction_sets = chosen_instruction_sets(options);
  wanted.seeds = chosen_seeds(options);
  const auto tell_of = [](const kernels::verify::Row& row) {
    if (const std::string note = note_on(row); !note.empty()) tell(note);
  };
  const std::vector<kernels::verify::Row> rows = verified(wanted, terminal_progress(), tell_of);
  end_progress();
  print(table_of(rows), options.output);
  tell(summary(rows, wanted));
  return failures(rows) > 0 ? 1 : 0;
}

}  // namespace

void add_verify(Command program) {
  Command command = program.command("verify", kDescription);
  const auto options = std::make_shared<Options>();
  command.option("--backend", options->backend, "one of: " + joined(kernels::backend_names())).default_in_help();
  const Option dtype = command.option(
      "--dtype", options->dtype,
      "one of the two formats of the backend, or both: f32 and bf16 of cpu, bf16 and fp16 of simt and cuda; both");
  const Option instruction_set =
      command.option("--instruction-set", options->instruction_set,
                     "cpu: instead of the best, the one of this name (avx512_bf16, avx512, avx2, scalar), or all");
  const Option cases = command.option("--case", options->cases, "only the case of this name; may be repeated");
  const Option quick =
      command.flag("--quick", options->quick, "the few cases that touch every kernel and edge").excludes(cases);
  Option thorough = command.flag("--thorough", options->thorough, "three seeds of inputs and of the executor's order")
                        .excludes(quick);
  Option conformance =
      command.flag("--conformance", options->conformance,
                   "instead of kernels, each primitive they are written on, against the PTX documentation");
  Option mutants =
      command.flag("--mutants", options->mutants, "instead, plant bugs in the CUDA kernels: each must be caught");
  const Option seeds = command.option("--seeds", options->seeds, "as many seeds").between(1, 1000);
  for (const Option& other : {cases, quick, dtype, instruction_set, thorough, seeds}) {
    conformance.excludes(other);
    mutants.excludes(other);
  }
  conformance.excludes(mutants);
  add_output_options(command, options->output);
  command.action([options] { return verify(*options); });
}

}  // namespace mobasim::cli
