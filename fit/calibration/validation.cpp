#include "fit/calibration/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fit/calibration/calibrated_stacks.h"
#include "sim/base/text.h"
#include "sim/cost/interval.h"

namespace mobasim {
namespace {

// What an answer adds to the row's own notes: the choices that the row left open.
std::string remarks(const MeasuredRun& run, const Candidate& chosen) {
  std::vector<std::string> words = run.notes;
  if (run.free.any()) {
    words.push_back(fmt::format("taken: {}, microbatch {}, recompute {}", description(chosen.execution.layout),
                                chosen.execution.microbatch, name(chosen.execution.recompute)));
    if (chosen.recomputed_share > 0) {
      words.back() += fmt::format(", {:.0f}% of the layers in full", 100 * chosen.recomputed_share);
    }
  }
  if (!chosen.fits) words.push_back("needs more memory than the device has, by the estimate");
  return joined(words, "; ");
}

bool is_beyond(const StackEvidence& evidence, const MeasuredRun& run) {
  return run.workload.sequence < evidence.sequence_lo || run.workload.sequence > evidence.sequence_hi ||
         run.devices < evidence.devices_lo || run.devices > evidence.devices_hi;
}

void answer(ValidatedRow& row, const MeasuredRun& run, const PreparedRun& prepared, const Stack& stack) {
  const Fastest best = fastest(prepared, stack.constants);
  const Candidate& chosen = prepared.candidates[best.candidate];
  const double width = std::exp(log_half_width(stack, prepared.device, run.workload.sequence, run.devices));
  row.predicted_time = best.time;
  row.lo = best.time / width;
  row.hi = best.time * width;
  row.predicted_memory = shown_memory(chosen.memory, run.memory_kind, prepared.reserved_memory);
  row.status = stack.evidence ? "ok" : "uncalibrated";
  Basis basis = prepared.evaluator->step().basis(TimePart::attention);
  if (!stack.evidence) basis = worst(basis, Basis::assumed);
  if (stack.evidence && is_beyond(*stack.evidence, run)) basis = worst(basis, Basis::extrapolated);
  row.basis = name(basis);
  row.reason = remarks(run, chosen);
}

// The stack that answers each of its rows: one for all, or one for each fold that never saw it.
class Answering {
 public:
  Answering(const Stack& stack, const std::vector<MeasuredRun>& runs, const std::vector<PreparedRun>& prepared,
            const ValidationOptions& options)
      : stack_(stack) {
    if (!options.cross_validate) return;
    const std::vector<CalibrationRow> rows = calibration_rows(runs, prepared, stack.name);
    stack_.constants = {};
    stack_.evidence.reset();
    const std::vector<Fold> folds = folds_of(rows);
    for (std::size_t i = 0; i < folds.size(); ++i) {
      options.progress.step(fmt::format("{}: fold {} of {}", stack.name, i + 1, folds.size()));
      const Stack unseen = calibrated(stack_, rows_without(rows, folds[i]));
      for (const std::size_t row : folds[i].held_out) of_run_[rows[row].run] = by_fold_.size();
      by_fold_.push_back(unseen);
    }
    if (folds.empty()) return;
    if (serves_others(runs, prepared)) stack_ = calibrated(stack_, rows);
  }

  [[nodiscard]] const Stack& for_run(std::size_t run) const {
    const auto found = of_run_.find(run);
    return found == of_run_.end() ? stack_ : by_fold_[found->second];
  }

 private:
  // Rows without a time, or for orientation only, are no evidence and are answered all the same.
  [[nodiscard]] bool serves_others(const std::vector<MeasuredRun>& runs,
                                   const std::vector<PreparedRun>& prepared) const {
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (prepared[i].stack == stack_.name && prepared[i].reason.empty() && !of_run_.contains(i)) return true;
    }
    return false;
  }

  Stack stack_;
  std::vector<Stack> by_fold_;
  std::map<std::size_t, std::size_t> of_run_;
};

Cell cell_of(const std::optional<double>& value) { return value ? Cell(*value) : Cell(std::monostate{}); }

}  // namespace

std::optional<double> time_error(const ValidatedRow& row) {
  if (!row.predicted_time || !row.measured_time) return std::nullopt;
  return *row.predicted_time / *row.measured_time - 1;
}

std::optional<double> memory_error(const ValidatedRow& row) {
  if (!row.predicted_memory || !row.measured_memory) return std::nullopt;
  return *row.predicted_memory / *row.measured_memory - 1;
}

std::vector<ValidatedRow> validated_rows(const std::vector<MeasuredRun>& runs, RunPreparer& preparer,
                                         const ValidationOptions& options) {
  const std::vector<PreparedRun> prepared = prepared_runs(runs, preparer, options.progress);
  std::map<std::string, Answering> answering;
  std::vector<ValidatedRow> rows;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    ValidatedRow& row = rows.emplace_back();
    row.id = runs[i].id;
    row.group = runs[i].group;
    row.stack = prepared[i].stack == "-" ? "" : prepared[i].stack;
    row.measured_time = runs[i].time;
    row.measured_memory = runs[i].memory;
    row.status = "unsupported";
    row.reason = prepared[i].reason;
    if (!prepared[i].reason.empty()) continue;
    auto found = answering.find(prepared[i].stack);
    if (found == answering.end()) {
      const auto stack = std::ranges::find(preparer.stacks(), prepared[i].stack, &Stack::name);
      found = answering.emplace(prepared[i].stack, Answering(*stack, runs, prepared, options)).first;
    }
    answer(row, runs[i], prepared[i], found->second.for_run(i));
  }
  return rows;
}

Table validation_table(const std::vector<ValidatedRow>& rows) {
  Table table;
  table.columns = {"id",
                   "group",
                   "stack",
                   "predicted_time_s",
                   "lo",
                   "hi",
                   "measured_time_s",
                   "error",
                   "predicted_memory_bytes",
                   "measured_memory_bytes",
                   "memory_error",
                   "basis",
                   "status",
                   "reason"};
  for (const ValidatedRow& row : rows) {
    table.rows.push_back({row.id, row.group, row.stack, cell_of(row.predicted_time), cell_of(row.lo), cell_of(row.hi),
                          cell_of(row.measured_time), cell_of(time_error(row)), cell_of(row.predicted_memory),
                          cell_of(row.measured_memory), cell_of(memory_error(row)), row.basis, row.status, row.reason});
  }
  return table;
}

}  // namespace mobasim
