#include "kernels/verify/verify.h"

#include <fmt/format.h>

#include <cmath>

#include "kernels/reference/naive.h"
#include "kernels/simt/finding.h"
#include "kernels/verify/bounds.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::kernels::verify {
namespace {

Expected expected_of(PreparedCase& prepared, const Backend& backend, const Computed& computed) {
  const Problem& problem = prepared.row().problem;
  const Inputs<double> inputs = prepared.inputs();
  const Selection& picks = computed.forward.selection;
  Expected out;
  out.selection = selection_comparison(problem, inputs, picks, prepared.forward().result.selection, backend.dtype);
  const auto expect = [&](const ReferenceForward& forward, const ReferenceBackward& backward) {
    out.forward = forward.result;
    out.o_terms = forward.o_terms;
    out.gradients = backward.result;
    out.terms = backward.terms;
  };
  // Where near-ties were decided the other way, the numbers are compared for the same picks.
  if (out.selection.near_ties == 0 || out.selection.malformed > 0) {
    expect(prepared.forward(), prepared.backward());
  } else {
    const ReferenceForward forward = reference_forward(problem, inputs, {backend.dtype, &picks});
    expect(forward, reference_backward(problem, inputs, forward.result, backend.dtype));
  }
  if (backend.is_reference) {
    NaiveResult naive = naive_attention(problem, inputs, backend.dtype);
    naive.forward.selection = out.forward.selection;
    out.forward = std::move(naive.forward);
    out.gradients = std::move(naive.gradients);
  }
  return out;
}

Row judged(const Case& row, const Backend& backend, std::string pass_name, const std::vector<Check>& checks) {
  Row out{row.name, backend.name, backend.dtype, std::move(pass_name), 0, 0, 0, 0, Verdict::pass, ""};
  double worst = -1;
  for (const Check& check : checks) {
    const Comparison found = comparison(check.got, check.expected, check.bounds);
    const bool rms_fails = check.rms_limit > 0 && found.relative_rms > check.rms_limit;
    const bool fails = found.ratio > 1 || found.finiteness > 0 || rms_fails;
    if (found.ratio > worst) {
      worst = found.ratio;
      out.max_error = found.max_error;
      out.bound = found.bound;
      out.fraction = found.ratio;
    }
    if (check.rms_limit > 0) out.relative_rms = std::max(out.relative_rms, found.relative_rms);
    if (!fails) continue;
    out.verdict = Verdict::fail;
    out.note += fmt::format(
        "{}{}[{}] is {}, not {} (error / bound {:.3g}, relative rms {:.3g}, {} elements finite on "
        "one side only)",
        out.note.empty() ? "" : "; ", check.tensor, found.element, found.got, found.expected, found.ratio,
        found.relative_rms, found.finiteness);
  }
  return out;
}

Row selection_row(const Case& row, const Backend& backend, const SelectionComparison& found) {
  Row out{row.name, backend.name, backend.dtype, "selection", found.gap, found.tolerance,
          0,        found.ratio,  Verdict::pass, ""};
  const bool wrong_ties = row.exact_ties && found.near_ties > 0;
  if (found.malformed > 0 || found.ratio > 1 || wrong_ties) out.verdict = Verdict::fail;
  if (found.near_ties > 0 || found.malformed > 0) {
    out.note = fmt::format("{} near-ties decided the other way, {} malformed, of {} picks", found.near_ties,
                           found.malformed, found.picks);
  }
  return out;
}

// Rows of a case that gave no numbers.
std::vector<Row> rows_without_numbers(const Case& row, const Backend& backend, Verdict verdict,
                                      const std::string& note) {
  std::vector<Row> rows;
  for (const char* pass_name : {"forward", "backward"}) {
    rows.push_back({row.name, backend.name, backend.dtype, pass_name, 0, 0, 0, 0, verdict, note});
  }
  return rows;
}

Cell number_cell(double value) { return std::isfinite(value) ? Cell(value) : Cell(); }

}  // namespace

PreparedCase::PreparedCase(Case row, Dtype dtype, std::uint64_t seed)
    : row_(std::move(row)),
      dtype_(dtype),
      tensors_(rounded(filled(row_.problem, row_.fill, seed), dtype)),
      wide_(tensors_) {}

const ReferenceForward& PreparedCase::forward() {
  if (!forward_) forward_ = reference_forward(row_.problem, inputs(), {dtype_, nullptr});
  return *forward_;
}

const ReferenceBackward& PreparedCase::backward() {
  if (!backward_) backward_ = reference_backward(row_.problem, inputs(), forward().result, dtype_);
  return *backward_;
}

std::vector<Row> rows_of(const Case& row, const Backend& backend, std::uint64_t seed) {
  PreparedCase prepared(row, backend.dtype, seed);
  return rows_of(prepared, backend);
}

std::vector<Row> rows_of(PreparedCase& prepared, const Backend& backend) {
  const Case& row = prepared.row();
  Computed computed;
  try {
    computed = backend.compute(row.problem, prepared.tensors(), row.options);
  } catch (const Unsupported& unsupported) {
    return rows_without_numbers(row, backend, Verdict::skipped, unsupported.what());
  } catch (const simt::Finding& finding) {
    return rows_without_numbers(row, backend, Verdict::fail, finding.what());
  }
  const Expected right = expected_of(prepared, backend, computed);
  std::vector<Row> rows;
  if (row.problem.mechanism == Mechanism::moba) rows.push_back(selection_row(row, backend, right.selection));
  rows.push_back(judged(row, backend, "forward", forward_checks(row, backend, computed, right)));
  if (row.beyond_fp16 && backend.arithmetic == Dtype::fp16) {
    rows.push_back(
        rows_without_numbers(row, backend, Verdict::skipped, "the gradients of this case exceed the range of fp16")
            .back());
    return rows;
  }
  rows.push_back(judged(row, backend, "backward", backward_checks(row, backend, computed, right)));
  return rows;
}

Row worse(const Row& a, const Row& b) {
  const auto badness = [](const Row& row) {
    return row.verdict == Verdict::fail ? 2 : row.verdict == Verdict::pass ? 1 : 0;
  };
  const bool first = badness(a) != badness(b) ? badness(a) > badness(b) : !(b.fraction > a.fraction);
  Row out = first ? a : b;
  out.note = a.note.empty() || a.note == b.note ? b.note : b.note.empty() ? a.note : a.note + "; " + b.note;
  return out;
}

Table table_of(const std::vector<Row>& rows) {
  Table table{{"case", "backend", "dtype", "pass_name", "max_error", "bound", "relative_rms", "verdict"}, {}};
  for (const Row& row : rows) {
    const bool ran = row.verdict != Verdict::skipped;
    const char* verdict = row.verdict == Verdict::pass ? "pass" : row.verdict == Verdict::fail ? "fail" : "skipped";
    table.rows.push_back({row.case_name, row.backend, std::string(name(row.dtype)), row.pass_name,
                          ran ? number_cell(row.max_error) : Cell(), ran ? number_cell(row.bound) : Cell(),
                          ran ? number_cell(row.relative_rms) : Cell(), std::string(verdict)});
  }
  return table;
}

}  // namespace mobasim::kernels::verify
