// Measured runs beside what the model says of them: a row each, and a summary of each group.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/progress.h"
#include "sim/base/table.h"
#include "sim/measured/prepared_run.h"

namespace mobasim {

struct ValidatedRow {
  std::string id, group, stack;
  std::optional<double> predicted_time, lo, hi;  // seconds; lo and hi the interval (sim/cost/interval.h)
  std::optional<double> measured_time;
  std::optional<double> predicted_memory, measured_memory;  // bytes
  std::string basis;
  std::string status;  // ok | uncalibrated | unsupported
  std::string reason;  // unsupported: why; else what was assumed
};
[[nodiscard]] std::optional<double> time_error(const ValidatedRow& row);    // predicted / measured - 1
[[nodiscard]] std::optional<double> memory_error(const ValidatedRow& row);  // likewise

struct ValidationOptions {
  // Constants and intervals of a row come from rows of the same table that are not of its source (where a stack has
  // one source: not of its configuration).
  bool cross_validate = false;
  Progress progress = {};
};
// In the order of the runs.
[[nodiscard]] std::vector<ValidatedRow> validated_rows(const std::vector<MeasuredRun>& runs, RunPreparer& preparer,
                                                       const ValidationOptions& options);

// id, group, stack, predicted_time_s, lo, hi, measured_time_s, error, predicted_memory_bytes, measured_memory_bytes,
// memory_error, basis, status, reason
[[nodiscard]] Table validation_table(const std::vector<ValidatedRow>& rows);

// Of |error| unless it says otherwise.
struct ErrorSummary {
  std::string group;
  std::size_t rows = 0;
  double mean = 0, median = 0, p90 = 0, max = 0;
  double bias = 0;        // median of the error itself
  double coverage = 0;    // fraction of measured times inside the interval
  double half_width = 0;  // median of the interval's relative half-width
  bool memory = false;    // of memory, which has no interval
};
// Groups in the order of their first row; without rows that were measured and answered none. Memory apart.
[[nodiscard]] std::vector<ErrorSummary> time_summaries(const std::vector<ValidatedRow>& rows);
[[nodiscard]] std::vector<ErrorSummary> memory_summaries(const std::vector<ValidatedRow>& rows);

// Groups weighted equally, however many rows they have: median over groups of their medians; p90 and coverage of all.
struct OverallSummary {
  std::size_t groups = 0, rows = 0;
  double median = 0, p90 = 0, coverage = 0, half_width = 0;
};
[[nodiscard]] OverallSummary overall(const std::vector<ValidatedRow>& rows, const std::vector<std::string>& left_out);
[[nodiscard]] std::string summary_text(const std::vector<ValidatedRow>& rows);

}  // namespace mobasim
