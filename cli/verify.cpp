// mobasim verify: every kernel of a backend against its oracle, case by case.
#include "kernels/verify/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "cli/command.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/verify/conformance/conformance.h"
#include "kernels/verify/mutants.h"
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

bool is_kernel_backend(const std::string& name) { return name == "simt" || name == "cuda"; }

std::vector<kernels::Case> chosen_cases(const Options& options) {
  if (options.quick) return kernels::quick_cases();
  const std::vector<kernels::Case> all = kernels::cases_for(kernels::Purpose::verify);
  if (options.cases.empty()) return all;
  std::vector<kernels::Case> chosen;
  for (const std::string& name : options.cases) chosen.push_back(kernels::case_named(all, name));
  return chosen;
}

// The formats that a backend computes in; without --dtype all of them. The reference computes in float64 alone.
std::vector<kernels::Dtype> dtypes_of(const std::string& backend) {
  using kernels::Dtype;
  if (backend == "cpu") return {Dtype::f32, Dtype::bf16};
  if (is_kernel_backend(backend)) return {Dtype::bf16, Dtype::fp16};
  return {};
}

std::vector<std::optional<kernels::Dtype>> chosen_dtypes(const Options& options) {
  const std::vector<kernels::Dtype> all = dtypes_of(options.backend);
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

// The results of a case in one dtype, the worst of all seeds.
std::vector<kernels::verify::Row> results_of(const kernels::Case& row, const Options& options,
                                             std::optional<kernels::Dtype> dtype,
                                             const kernels::cpu::MicroKernels* instruction_set) {
  std::vector<kernels::verify::Row> results;
  for (int seed = 1; seed <= chosen_seeds(options); ++seed) {
    terminal_progress().step(fmt::format("verify {}: {}, seed {}", options.backend, row.name, seed));
    kernels::BackendOptions backend_options;
    backend_options.dtype = dtype;
    backend_options.micro = instruction_set;
    backend_options.seed = static_cast<std::uint64_t>(seed);
    const kernels::Backend backend = kernels::backend_named(options.backend, backend_options);
    const std::vector<kernels::verify::Row> found = kernels::verify::rows_of(row, backend, backend_options.seed);
    if (results.size() != found.size()) {  // the first seed, or one that gave no numbers
      results.insert(results.end(), found.begin(), found.end());
      continue;
    }
    for (std::size_t i = 0; i < found.size(); ++i) results[i] = kernels::verify::worse(results[i], found[i]);
  }
  return results;
}

// The greatest fraction of a bound that anything came to.
std::string worst_fraction(const std::vector<kernels::verify::Row>& rows) {
  const kernels::verify::Row* worst = nullptr;
  for (const kernels::verify::Row& row : rows) {
    const bool ran = row.verdict != kernels::verify::Verdict::skipped;
    if (ran && (worst == nullptr || row.fraction > worst->fraction)) worst = &row;
  }
  if (worst == nullptr) return "nothing ran";
  return fmt::format("the worst came to {:.3f} of its bound ({}, {}, {}, {})", worst->fraction, worst->case_name,
                     worst->backend, kernels::name(worst->dtype), worst->pass_name);
}

int verify_primitives(const Options& options) {
  const std::vector<kernels::conformance::Row> rows = kernels::conformance::conformance_of(options.backend);
  print(kernels::conformance::conformance_table(rows, options.backend), options.output);
  const auto failed = std::count_if(rows.begin(), rows.end(), [](const auto& row) { return !row.conforms; });
  tell(fmt::format("{} primitives on {}: {} failed", rows.size(), options.backend, failed));
  return failed > 0 ? 1 : 0;
}

int verify_mutants(const Options& options) {
  if (options.backend != "simt") throw ConfigError("--mutants are planted on the executor: --backend simt");
  const std::vector<kernels::verify::Mutant> list = kernels::verify::mutants();
  std::vector<kernels::verify::MutantOutcome> outcomes;
  for (const kernels::verify::Mutant& mutant : list) {
    terminal_progress().step(fmt::format("mutant {} of {}: {}", outcomes.size() + 1, list.size(), mutant.name));
    outcomes.push_back(kernels::verify::outcome_of(mutant));
  }
  end_progress();
  print(kernels::verify::mutant_table(list, outcomes), options.output);
  const auto survived =
      std::count_if(outcomes.begin(), outcomes.end(), [](const auto& outcome) { return outcome.caught_by.empty(); });
  tell(fmt::format("{} mutants: {} survived", list.size(), survived));
  return survived > 0 ? 1 : 0;
}

int verify(const Options& options) {
  if (options.conformance) return verify_primitives(options);
  if (options.mutants) return verify_mutants(options);
  const std::vector<kernels::Case> cases = chosen_cases(options);
  const std::vector<std::optional<kernels::Dtype>> dtypes = chosen_dtypes(options);
  std::vector<kernels::verify::Row> rows;
  int failed = 0, skipped = 0;
  const auto add = [&](kernels::verify::Row result) {
    failed += result.verdict == kernels::verify::Verdict::fail;
    skipped += result.verdict == kernels::verify::Verdict::skipped;
    if (!result.note.empty()) {
      tell(fmt::format("{}, {}, {}, {}: {}", result.case_name, result.backend, kernels::name(result.dtype),
                       result.pass_name, result.note));
    }
    rows.push_back(std::move(result));
  };
  for (const kernels::cpu::MicroKernels* instruction_set : chosen_instruction_sets(options)) {
    for (const kernels::Case& row : cases) {
      for (const std::optional<kernels::Dtype> dtype : dtypes) {
        for (kernels::verify::Row& result : results_of(row, options, dtype, instruction_set)) add(std::move(result));
      }
    }
  }
  end_progress();
  print(kernels::verify::table_of(rows), options.output);
  tell(fmt::format("{} checks of {} cases on {}: {} failed, {} skipped; {}", rows.size(), cases.size(), options.backend,
                   failed, skipped, worst_fraction(rows)));
  return failed > 0 ? 1 : 0;
}

}  // namespace

void add_verify(Command program) {
  Command command = program.command("verify", kDescription);
  const auto options = std::make_shared<Options>();
  command.option("--backend", options->backend, "one of: " + joined(kernels::backend_names())).default_in_help();
  command.option(
      "--dtype", options->dtype,
      "one of the two formats of the backend, or both: f32 and bf16 of cpu, bf16 and fp16 of simt and cuda; both");
  command.option("--instruction-set", options->instruction_set,
                 "cpu: instead of the best, the one of this name (avx512_bf16, avx512, avx2, scalar), or all");
  const Option cases = command.option("--case", options->cases, "only the case of this name; may be repeated");
  const Option quick =
      command.flag("--quick", options->quick, "the few cases that touch every kernel and edge").excludes(cases);
  command.flag("--thorough", options->thorough, "three seeds of inputs and of the executor's order").excludes(quick);
  command
      .flag("--conformance", options->conformance,
            "instead of kernels, each primitive they are written on, against the PTX documentation")
      .excludes(cases)
      .excludes(quick);
  command.flag("--mutants", options->mutants, "instead, plant bugs in the CUDA kernels: each must be caught")
      .excludes(cases)
      .excludes(quick);
  command.option("--seeds", options->seeds, "as many seeds").between(1, 1000);
  add_output_options(command, options->output);
  command.action([options] { return verify(*options); });
}

}  // namespace mobasim::cli
