// Every stack that rows of a table of measured runs choose, fitted to them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fit/calibration/calibration.h"
#include "sim/base/progress.h"

namespace mobasim {

// Each run made ready, in their order. Throws Stopped.
[[nodiscard]] std::vector<PreparedRun> prepared_runs(const std::vector<MeasuredRun>& runs, RunPreparer& preparer,
                                                     const Progress& progress = {});

// A stack with the constants that were fitted, and the evidence for them where there is any.
struct CalibratedStack {
  Stack stack;
  std::size_t rows = 0;  // it rests on
  StackFit fit;
};
// Those that rows chose, in the order of the preparer's; `found` is told each as soon as it is there. Throws Stopped.
[[nodiscard]] std::vector<CalibratedStack> calibrated_stacks(
    const std::vector<MeasuredRun>& runs, RunPreparer& preparer, const Progress& progress = {},
    const std::function<void(const CalibratedStack&)>& found = {});

// For people: the constants with the standard error of their logarithm, the residuals of rows that were left out, and
// the sources. Lines, each ended by '\n'.
[[nodiscard]] std::string text_of(const CalibratedStack& calibrated);

}  // namespace mobasim
