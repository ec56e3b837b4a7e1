// Every published run beside what the model says of it, by constants and intervals that never saw its source.
#include <cmath>
#include <map>

#include "tests/published/cross_validated.h"

namespace mobasim::tests::validation_test {
namespace {

// What is reached, with a little room.
constexpr double kMostMedian = 0.045, kMostP90 = 0.135;

}  // namespace

TEST_CASE("Published runs: each is answered, or refused for what is not modelled or not given") {
  std::map<std::string, int> reasons;
  for (const ValidatedRow& row : cross_validated_rows()) {
    if (row.status != "unsupported") {
      INFO(row.id);
      CHECK((*row.predicted_time > 0 && std::isfinite(*row.predicted_time)));
      CHECK((*row.lo < *row.predicted_time && *row.predicted_time < *row.hi));
      continue;
    }
    ++reasons[row.reason.substr(0, 60)];
    const bool expected = row.group == "loose" || row.reason.find("mixture of experts") != std::string::npos;
    INFO(row.id << ": " << row.reason);
    CHECK(expected);
  }
  for (const auto& [reason, rows] : reasons) WARN(rows << " rows: " << reason);
}

TEST_CASE("Published runs: errors and intervals, cross-validated by source") {
  const OverallSummary all = overall(cross_validated_rows(), {"vtrain_single", "loose"});
  WARN("\n" << summary_text(cross_validated_rows()));
  CHECK(all.groups >= 17);
  CHECK(all.median <= kMostMedian);
  CHECK(all.p90 <= kMostP90);
  CHECK(all.coverage >= 0.90);
}

}  // namespace mobasim::tests::validation_test
