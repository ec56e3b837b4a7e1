#include "kernels/verify/mutants.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "kernels/cuda/run.h"
#include "kernels/simt/executor.h"
#include "kernels/verify/verify.h"

namespace mobasim::kernels::verify {
namespace {

// What a run under a mutant did: whether the planted place was passed, and the detector that ended it.
struct Ran {
  bool reached = false;
  std::string detector;
};

// The kernels in bf16 under the executor's options.
Backend backend_with(const simt::ExecutorOptions& options, Ran& ran) {
  return {"simt", Dtype::bf16, Dtype::bf16, false,
          [options, &ran](const Problem& problem, const Tensors& tensors, const KernelOptions& kernels) {
            const simt::Session session(options);
            try {
              Computed out = cuda::computed_on(cuda::simt_target(), problem, tensors, Dtype::bf16, kernels);
              ran.reached = ran.reached || session.mutated();
              return out;
            } catch (const simt::Finding& finding) {
              ran = {true, simt::name(finding.detector)};
              throw;
            }
          }};
}

std::string base_name(const std::string& kernel) { return kernel.substr(0, kernel.find('<')); }
std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// What can go wrong at a place of this kind.
std::vector<simt::MutationKind> kinds_for(simt::SiteKind site) {
  switch (site) {
    case simt::SiteKind::sync_block:
    case simt::SiteKind::sync_warp:
    case simt::SiteKind::commit:
      return {simt::MutationKind::drop};
    case simt::SiteKind::wait:
      return {simt::MutationKind::drop, simt::MutationKind::lax_wait};
    case simt::SiteKind::copy:
      return {simt::MutationKind::copy_always};
    case simt::SiteKind::atomic:
      return {simt::MutationKind::plain_atomic};
  }
  return {};
}

std::string what_happens(simt::SiteKind site, simt::MutationKind kind) {
  switch (kind) {
    case simt::MutationKind::none:
      return "";
    case simt::MutationKind::drop:
      return fmt::format("{} left out", simt::name(site));
    case simt::MutationKind::lax_wait:
      return "wait for one group too few";
    case simt::MutationKind::copy_always:
      return "copy without its predicate";
    case simt::MutationKind::plain_atomic:
      return "atomic made plain";
  }
  return "";
}

// The cases that mutants run: few and small, each edge of the kernels in one of them.
std::vector<PreparedCase> mutant_cases() {
  std::vector<PreparedCase> prepared;
  for (const char* name :
       {"full_300_grouped", "full_large", "moba_grouped_8_to_1", "moba_block_128_d128", "moba_varlen", "moba_ties",
        "full_varlen", "moba_grouped_d128", "moba_nan_key", "moba_128_top_8", "moba_16_heads", "moba_130_blocks"}) {
    prepared.emplace_back(case_named(cases(), name), Dtype::bf16);
  }
  return prepared;
}

// The places that the cases pass, once for each kernel.
std::vector<simt::PassedSite> sites(const Progress& progress) {
  std::vector<simt::PassedSite> found;
  const auto key = [](const simt::PassedSite& site) {
    return std::tuple(site.kernel, site.file, site.line, site.kind);
  };
  for (const PreparedCase& one : mutant_cases()) {
    const Case& row = one.row();
    progress.step("places that could be wrong: " + row.name);
    const simt::Session session;
    (void)cuda::computed_on(cuda::simt_target(), row.problem, one.tensors(), Dtype::bf16, row.options);
    for (simt::PassedSite site : session.sites()) {
      site.kernel = base_name(site.kernel);
      found.push_back(std::move(site));
    }
  }
  std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  found.erase(std::unique(found.begin(), found.end(), [&](const auto& a, const auto& b) { return key(a) == key(b); }),
              found.end());
  return found;
}

// The cases in their order, until one catches the mutant.
MutantOutcome outcome_of(const Mutant& mutant, std::vector<PreparedCase>& cases, const Progress& progress) {
  simt::ExecutorOptions options;
  options.count_memory = false;
  options.mutation = mutant.mutation;
  options.bug = mutant.bug;
  Ran ran;
  for (PreparedCase& one : cases) {
    progress.check();
    for (const Row& result : rows_of(one, backend_with(options, ran))) {
      if (result.verdict != Verdict::fail) continue;
      return {ran.detector.empty() ? "numbers: " + result.pass_name : ran.detector, one.row().name, true};
    }
  }
  return {"", "", ran.reached};
}

}  // namespace

std::vector<Mutant> mutants(const Progress& progress) {
  std::vector<Mutant> list;
  for (int i = 1; i < simt::kBugs; ++i) {
    const auto bug = static_cast<simt::Bug>(i);
    list.push_back({simt::name(bug), {}, bug});
  }
  for (const simt::PassedSite& site : sites(progress)) {
    for (const simt::MutationKind kind : kinds_for(site.kind)) {
      list.push_back(
          {fmt::format("{}: {}, {}:{}", site.kernel, what_happens(site.kind, kind), file_name(site.file), site.line),
           {kind, site.kernel, site.file, site.line},
           simt::Bug::none});
    }
  }
  return list;
}

std::vector<MutantOutcome> outcomes_of(const std::vector<Mutant>& list, const Progress& progress) {
  std::vector<PreparedCase> cases = mutant_cases();
  std::vector<MutantOutcome> outcomes;
  for (const Mutant& mutant : list) {
    progress.step(fmt::format("mutant {} of {}: {}", outcomes.size() + 1, list.size(), mutant.name));
    outcomes.push_back(outcome_of(mutant, cases, progress));
  }
  return outcomes;
}

std::int64_t survivors(const std::vector<MutantOutcome>& outcomes) {
  return std::count_if(outcomes.begin(), outcomes.end(),
                       [](const MutantOutcome& outcome) { return outcome.caught_by.empty(); });
}

Table mutant_table(const std::vector<Mutant>& list, const std::vector<MutantOutcome>& outcomes) {
  Table table{{"mutant", "caught_by", "case"}, {}};
  for (std::size_t i = 0; i < list.size(); ++i) {
    table.rows.push_back({list[i].name, outcomes[i].caught_by, outcomes[i].case_name});
  }
  return table;
}

}  // namespace mobasim::kernels::verify
