// Mutants: the CUDA kernels with one bug planted, run on the SIMT executor. Verification is worth what it catches, so
// each mutant must be caught: by a detector of the executor, or by numbers beyond their bounds.
//
// Two kinds. Every barrier, wait, commit, copy and atomic that the kernels pass is left out or made lax in turn, at its
// place in the source (simt/mutation.h). And what no such rule can plant (a mask off by one, a tie to the wrong side)
// is written into the kernels beside the right code, and switched on here (simt/bugs.h).
#pragma once

#include <string>
#include <vector>

#include "kernels/simt/bugs.h"
#include "kernels/simt/mutation.h"
#include "sim/base/progress.h"
#include "sim/base/table.h"

namespace mobasim::kernels::verify {

struct Mutant {
  std::string name;  // "sync_block dropped, causal.cu:83", "mask_off_by_one"
  simt::Mutation mutation;
  simt::Bug bug = simt::Bug::none;
};

// The bugs of the list, then a mutant for each place that the cases pass, in the order of the source. Throws Stopped.
[[nodiscard]] std::vector<Mutant> mutants(const Progress& progress = {});

struct MutantOutcome {
  std::string caught_by;  // a detector, or "numbers: PASS"; empty: it survived
  std::string case_name;  // the first case that caught it
  bool reached = false;   // a case ran into the planted place
};
// Of each mutant, in their order: runs the cases, in theirs, until one catches it. Throws Stopped.
[[nodiscard]] std::vector<MutantOutcome> outcomes_of(const std::vector<Mutant>& list, const Progress& progress = {});
[[nodiscard]] std::int64_t survivors(const std::vector<MutantOutcome>& outcomes);

// mutant,caught_by,case
[[nodiscard]] Table mutant_table(const std::vector<Mutant>& list, const std::vector<MutantOutcome>& outcomes);

}  // namespace mobasim::kernels::verify
