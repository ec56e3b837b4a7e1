// The published runs of the reference data beside what the model says of them, by constants and intervals that never
// saw their sources.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "fit/calibration/validation.h"
#include "tests/catch.h"

namespace mobasim::tests {

// The rows that the shipped constants and docs/validation.md were made of: the first of the table, which has grown
// since. Those behind them wait for the next calibration.
inline constexpr std::size_t kCalibratedRows = 1369;

// The calibrated rows. Skips the test where MOBASIM_REFERENCE_DATA is not set.
inline const std::vector<MeasuredRun>& published_runs() {
  static const std::vector<MeasuredRun> runs = [] {
    const char* folder = std::getenv("MOBASIM_REFERENCE_DATA");
    if (folder == nullptr) MOBASIM_SKIP("MOBASIM_REFERENCE_DATA is not set");
    std::vector<MeasuredRun> all =
        measured_runs_from(CsvTable::read(std::filesystem::path(folder) / "runs" / "measured_runs.csv"));
    if (all.size() > kCalibratedRows) all.resize(kCalibratedRows);
    return all;
  }();
  return runs;
}

// Computed once in a process.
inline const std::vector<ValidatedRow>& cross_validated_rows() {
  static const std::vector<ValidatedRow> rows = [] {
    const auto configs = source_folder() / "configs";
    RunPreparer preparer(configs, stacks_from(configs / "stacks", {}));
    return validated_rows(published_runs(), preparer, {.cross_validate = true});
  }();
  return rows;
}

}  // namespace mobasim::tests
