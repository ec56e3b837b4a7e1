#include "fit/calibration/validation.h"

#include "tests/catch.h"

namespace mobasim::tests::validation_test {
namespace {

ValidatedRow row_of(const std::string& group, double predicted, double measured) {
  ValidatedRow row;
  row.id = "r";
  row.group = group;
  row.stack = "s";
  row.status = "ok";
  row.basis = "assumed";
  row.predicted_time = predicted;
  row.measured_time = measured;
  row.lo = predicted / 1.1;
  row.hi = predicted * 1.1;
  return row;
}

}  // namespace

TEST_CASE("A group's summary is of the sizes of its errors, its bias of the errors") {
  const auto summaries = time_summaries({row_of("a", 1.1, 1), row_of("a", 0.8, 1), row_of("a", 1.1, 1)});
  REQUIRE(summaries.size() == 1);
  CHECK(summaries[0].rows == 3);
  CHECK(summaries[0].median == Approx(0.1));
  CHECK(summaries[0].max == Approx(0.2));
  CHECK(summaries[0].bias == Approx(0.1));
  CHECK(summaries[0].coverage == Approx(2.0 / 3));
  CHECK(memory_summaries({row_of("a", 1.1, 1)}).empty());
}

TEST_CASE("Groups weigh equally overall, however many rows they have") {
  std::vector<ValidatedRow> rows(99, row_of("large", 1.01, 1));
  rows.push_back(row_of("small", 1.3, 1));
  const OverallSummary all = overall(rows, {});
  CHECK(all.groups == 2);
  CHECK(all.median == Approx(0.155));
  CHECK(all.p90 == Approx(0.3));
  CHECK(overall(rows, {"large"}).median == Approx(0.3));
  CHECK(overall({}, {}).rows == 0);
}

TEST_CASE("Rows without a time, or that were not answered, have no error and leave their cells empty") {
  ValidatedRow row = row_of("a", 1, 1);
  row.measured_time.reset();
  ValidatedRow refused;
  refused.id = "x";
  refused.status = "unsupported";
  refused.reason = "why";
  const Table table = validation_table({row, refused});
  REQUIRE(table.rows.size() == 2);
  CHECK(std::holds_alternative<std::monostate>(table.rows[0][7]));
  CHECK(std::holds_alternative<std::monostate>(table.rows[1][3]));
  CHECK(time_summaries({row, refused}).empty());
  CHECK(summary_text({row, refused}).find("2 rows: 1 ok, 0 uncalibrated, 1 unsupported") != std::string::npos);
}

}  // namespace mobasim::tests::validation_test
