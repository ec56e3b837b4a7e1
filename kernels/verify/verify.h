// Checks a backend on every case: MoBA's picks, the output with its log-sum-exp, and the gradients, each against an
// oracle and a bound (docs/method/kernels.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernels/backend/backend.h"
#include "kernels/cases.h"
#include "kernels/fill.h"
#include "kernels/reference/reference.h"
#include "kernels/verify/compare.h"
#include "sim/base/table.h"

namespace mobasim::kernels::verify {

enum class Verdict { pass, fail, skipped };

struct Row {
  std::string case_name, backend;
  Dtype dtype = Dtype::f32;
  std::string pass_name;                              // selection | forward | backward
  double max_error = 0, bound = 0, relative_rms = 0;  // where max_error / bound is greatest
  double fraction = 0;                                // that ratio; of a selection, gap / tolerance
  Verdict verdict = Verdict::pass;
  std::string note;  // near-ties, what failed and where, why skipped; empty when there is nothing to say
};

// A case with its tensors, as the dtype rounds them, and what the reference says of them, which is computed when it is
// first asked for: many backends of this dtype can be held against it.
class PreparedCase {
 public:
  PreparedCase(Case row, Dtype dtype, std::uint64_t seed = 1);
  [[nodiscard]] const Case& row() const { return row_; }
  [[nodiscard]] const Tensors& tensors() const { return tensors_; }
  [[nodiscard]] Inputs<double> inputs() const { return wide_.view(); }
  [[nodiscard]] const ReferenceForward& forward();
  [[nodiscard]] const ReferenceBackward& backward();

 private:
  Case row_;
  Dtype dtype_;
  Tensors tensors_;
  WideTensors wide_;
  std::optional<ReferenceForward> forward_;
  std::optional<ReferenceBackward> backward_;
};

[[nodiscard]] std::vector<Row> rows_of(PreparedCase& prepared, const Backend& backend);
// seed: of the tensors.
[[nodiscard]] std::vector<Row> rows_of(const Case& row, const Backend& backend, std::uint64_t seed = 1);

// The worse of two results of one case, dtype and pass: a failure before a pass, then the greater fraction. Notes are
// kept together.
[[nodiscard]] Row worse(const Row& a, const Row& b);

// case,backend,dtype,pass_name,max_error,bound,relative_rms,verdict; numbers that are not finite are left empty.
[[nodiscard]] Table table_of(const std::vector<Row>& rows);

}  // namespace mobasim::kernels::verify
