// Every published TFLOP/s recomputed from the run's dimensions, in the convention that its table states.
#include <cmath>
#include <map>

#include "tests/published/cross_validated.h"

namespace mobasim::tests::stated_rates_test {
TEST_CASE("Stated TFLOP per second are reproduced from the dimensions within 2.5% in each row's own convention") {
  int compared = 0;
  for (const MeasuredRun& run : published_runs()) {
    if (!run.reason.empty() || !run.stated_flops || !run.convention || !run.time) continue;
    // Printed by the rule of the day before: its rate is that of the layers' products alone (ratio 1.0004).
    const FlopConvention convention = run.id == "bloom-31-L670" ? FlopConvention::hardware_layers : *run.convention;
    const double rate = stated_rate(convention, run.model, run.workload, run.execution.recompute,
                                    static_cast<double>(run.devices), *run.time);
    INFO(run.id << ": " << rate / 1e12 << " from dimensions, stated " << *run.stated_flops / 1e12 << ", "
                << name(convention));
    CHECK(std::abs(rate / *run.stated_flops - 1) < 0.025);
    ++compared;
  }
  CHECK(compared > 250);
}

TEST_CASE("Of the published rows every one without experts is read, or refused in words") {
  const char* folder = std::getenv("MOBASIM_REFERENCE_DATA");
  if (folder == nullptr) MOBASIM_SKIP("MOBASIM_REFERENCE_DATA is not set");
  const auto table = CsvTable::read(std::filesystem::path(folder) / "runs" / "measured_runs.csv");
  std::map<std::string, int> reasons;
  int answered = 0;
  for (const MeasuredRun& run : measured_runs_from(table)) {
    if (run.reason.empty()) ++answered;
    if (!run.reason.empty()) ++reasons[run.reason];
    if (run.reason.empty()) CHECK((run.time.has_value() || run.memory.has_value()));
  }
  for (const auto& [reason, rows] : reasons) WARN(rows << " rows: " << reason);
  CHECK(answered >= 1280);
}

}  // namespace mobasim::tests::stated_rates_test
