#include "sim/check/profile_check.h"

#include "sim/base/error.h"
#include "tests/unit/sim/fixture.h"

namespace mobasim::tests::profile_check_test {
namespace {

ShapeLeftOut shape_of(double measured, double predicted, Basis basis) {
  ShapeLeftOut one;
  one.row.operation = "gemm";
  one.row.dtype = "f32";
  one.row.m = one.row.n = one.row.k = 64;
  one.row.time = Seconds(measured);
  one.prediction = Seconds(predicted);
  one.basis = basis;
  return one;
}

// Errors of 2% and 4%, of inner shapes.
ProfileCheck small_check() {
  return {{shape_of(1, 1.02, Basis::interpolated), shape_of(1, 0.96, Basis::interpolated)}, {}};
}

}  // namespace

TEST_CASE("a check has a row for each shape and a summary by kind") {
  const ProfileCheck check = small_check();
  const Table table = check_table(check);
  REQUIRE(table.rows.size() == 2);
  for (const std::vector<Cell>& row : table.rows) CHECK(row.size() == table.columns.size());
  const Table summary = check_summary(check);
  REQUIRE(summary.rows.size() == 1);
  CHECK(summary.rows[0][4] == Cell(std::string("inner")));
  CHECK(summary.rows[0][5] == Cell(std::int64_t{2}));
}

TEST_CASE("goals are met or not, and said, and without goals nothing fails") {
  const CheckOutcome open = check_outcome(small_check(), {});
  CHECK(open.good);
  CHECK(open.notes.empty());
  const CheckOutcome near = check_outcome(small_check(), {0.05, {}, {}});
  CHECK(near.good);
  REQUIRE(near.notes.size() == 1);
  CHECK(near.notes[0].starts_with("median of the inner shapes: "));
  const CheckOutcome far = check_outcome(small_check(), {0.01, {}, {}});
  CHECK_FALSE(far.good);
  const CheckOutcome layers = check_outcome(small_check(), {{}, {}, 0.1});
  CHECK_FALSE(layers.good);
  CHECK(layers.notes == std::vector<std::string>{"no layer was measured undisturbed and predicted"});
}

TEST_CASE("a shape that cannot be predicted is told and fails the goals that it would be part of") {
  ProfileCheck check = small_check();
  check.shapes.push_back(shape_of(1, 0, Basis::interpolated));
  check.shapes.back().predicted = false;
  check.shapes.back().note = "no other row";
  const std::string words = "1 shape could not be predicted: gemm f32 64 x 64 x 64 (no other row)";
  CHECK(check_outcome(check, {}).notes == std::vector<std::string>{words});
  CHECK(check_outcome(check, {}).good);
  CHECK_FALSE(check_outcome(check, {0.5, {}, {}}).good);
}

TEST_CASE("a device without measured rows has nothing to check") {
  CHECK_THROWS_AS(profile_check(small_device()), ConfigError);
}

}  // namespace mobasim::tests::profile_check_test
