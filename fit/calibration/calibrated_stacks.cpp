#include "fit/calibration/calibrated_stacks.h"

#include <fmt/format.h>

#include <cmath>

namespace mobasim {
namespace {

std::string constants_text(const Stack& stack, const StackFit& fit) {
  std::string text;
  for (const StackConstant which : stack.fitted) {
    const auto i = static_cast<std::size_t>(which);
    text += fmt::format("  {} {:.3f} +-{:.1f}%", stack_constant_names()[i], fit.constants.factor[i],
                        100 * fit.standard_error[i]);
  }
  return text;
}

std::string evidence_text(const std::optional<StackEvidence>& evidence) {
  if (!evidence) return "  nothing can be left out: uncalibrated\n";
  std::string text = fmt::format("  left out: spread {:.1f}%, bias {:+.1f}%, interval x/ {:.3f}\n",
                                 100 * evidence->spread, 100 * evidence->bias, std::exp(evidence->width));
  for (const std::string& source : evidence->sources) text += fmt::format("    {}\n", source);
  return text;
}

}  // namespace

std::vector<PreparedRun> prepared_runs(const std::vector<MeasuredRun>& runs, RunPreparer& preparer,
                                       const Progress& progress) {
  std::vector<PreparedRun> prepared;
  prepared.reserve(runs.size());
  for (const MeasuredRun& run : runs) {
    progress.step(fmt::format("row {} of {}", prepared.size() + 1, runs.size()));
    prepared.push_back(preparer.prepared(run));
  }
  return prepared;
}

std::vector<CalibratedStack> calibrated_stacks(const std::vector<MeasuredRun>& runs, RunPreparer& preparer,
                                               const Progress& progress,
                                               const std::function<void(const CalibratedStack&)>& found) {
  const std::vector<PreparedRun> prepared = prepared_runs(runs, preparer, progress);
  std::vector<CalibratedStack> result;
  for (const Stack& stack : preparer.stacks()) {
    const std::vector<CalibrationRow> rows = calibration_rows(runs, prepared, stack.name);
    if (rows.empty()) continue;
    progress.step(stack.name);
    CalibratedStack& one = result.emplace_back(CalibratedStack{stack, rows.size(), fitted_stack(stack, rows)});
    one.stack.constants = one.fit.constants;
    one.stack.evidence = evidence_of(one.stack, rows);
    if (found) found(one);
  }
  return result;
}

std::string text_of(const CalibratedStack& calibrated) {
  return fmt::format("{}: {} rows\n{}\n{}", calibrated.stack.name, calibrated.rows,
                     constants_text(calibrated.stack, calibrated.fit), evidence_text(calibrated.stack.evidence));
}

}  // namespace mobasim
