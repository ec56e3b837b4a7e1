// Checks a backend on every case: MoBA's picks, the output with its log-sum-exp, and the gradients, each against an
// oracle and a bound (docs/method/kernels.md).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "kernels/cases.h"
#include "kernels/compare.h"
#include "sim/base/table.h"

namespace mobasim::kernels {

struct MicroKernels;

// What a backend computed, in float64 for the comparison.
struct Computed {
  Forward<double> forward;
  Gradients<double> gradients;
};

// A backend under test. `compute` throws Unsupported for what it cannot do: such a case is skipped, visibly.
struct Backend {
  std::string name;
  Dtype dtype = Dtype::f32;   // fixes the bounds; gates round mean keys to it
  bool is_reference = false;  // then the oracle is naive_attention, else the reference
  std::function<Computed(const Problem&, const Tensors&)> compute;
};

[[nodiscard]] Backend reference_backend();
[[nodiscard]] Backend cpu_backend(int threads = 0, const MicroKernels* micro = nullptr);
// "reference", "cpu"
[[nodiscard]] const std::vector<std::string>& backend_names();
[[nodiscard]] Backend backend_named(const std::string& name);  // throws ConfigError

enum class Verdict { pass, fail, skipped };

struct VerifyRow {
  std::string case_name, backend, pass_name;  // pass_name: selection | forward | backward
  double max_error = 0, bound = 0, relative_rms = 0;
  Verdict verdict = Verdict::pass;
  std::string note;  // near-ties, what failed and where, why skipped; empty when there is nothing to say
};

[[nodiscard]] std::vector<VerifyRow> verify(const Case& row, const Backend& backend);

// case,backend,pass_name,max_error,bound,relative_rms,verdict; numbers that are not finite are left empty.
[[nodiscard]] Table verify_table(const std::vector<VerifyRow>& rows);

}  // namespace mobasim::kernels
