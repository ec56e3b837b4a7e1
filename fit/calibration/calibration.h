// The constants of a stack, fitted to measured runs; how well they predict runs that they were not fitted to; and the
// interval that follows (docs/method/calibration.md).
//
// The constants are factors near 1, fitted in their logarithms with a Gaussian prior about 0 each, on
// log(predicted / measured) with a robust loss. A source counts by its rows up to kMostRowsOfSource, so that a large
// table does not drown the others.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/measured/prepared_run.h"

namespace mobasim {

// A measured run that chose a stack. `prepared` outlives it.
struct CalibrationRow {
  std::size_t run = 0;  // index of the table
  std::string source;
  std::string configuration;  // model and layout without the microbatch
  double time = 0;            // seconds, measured
  std::int64_t sequence = 0, devices = 0;
  std::string device;
  const PreparedRun* prepared = nullptr;
};

// The rows that back a stack: answered, with a time, of a known layout, and not of the group "loose".
[[nodiscard]] std::vector<CalibrationRow> calibration_rows(const std::vector<MeasuredRun>& runs,
                                                           const std::vector<PreparedRun>& prepared,
                                                           const std::string& stack);

struct StackFit {
  StackConstants constants;
  std::array<double, kStackConstants> standard_error{};  // of the logarithm; 0: not fitted
};
// Without rows: the priors, all 1.
[[nodiscard]] StackFit fitted_stack(const Stack& stack, const std::vector<CalibrationRow>& rows);

// What is left out together: a source where the others can tell the constants (at least four rows), else configurations
// in kFolds parts. Empty: nothing can be left out.
struct Fold {
  std::string name;
  std::vector<std::size_t> held_out;  // indices of rows
};
[[nodiscard]] std::vector<Fold> folds_of(const std::vector<CalibrationRow>& rows);
[[nodiscard]] std::vector<CalibrationRow> rows_without(const std::vector<CalibrationRow>& rows, const Fold& fold);

// log(predicted / measured) of every row, by constants that were fitted without its fold. Empty without folds.
[[nodiscard]] std::vector<double> held_out_residuals(const Stack& stack, const std::vector<CalibrationRow>& rows);

// Nothing where nothing can be left out.
[[nodiscard]] std::optional<StackEvidence> evidence_of(const Stack& stack, const std::vector<CalibrationRow>& rows);

// The stack with constants and evidence from these rows.
[[nodiscard]] Stack calibrated(Stack stack, const std::vector<CalibrationRow>& rows);

// The file that calibrate() of sim/stack/calibration.h reads. Stacks without evidence are left out.
[[nodiscard]] std::string calibration_text(const std::vector<Stack>& stacks, const std::string& source);

}  // namespace mobasim
