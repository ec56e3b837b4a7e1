#include "fit/calibration/calibrated_stacks.h"

#include "sim/base/csv.h"
#include "tests/catch.h"

namespace mobasim::tests::calibrated_stacks_test {
TEST_CASE("stacks that rows choose are calibrated one after the other, and a calibration can be stopped") {
  const std::filesystem::path configs = tests::source_folder() / "configs";
  const std::vector<MeasuredRun> runs = measured_runs_from(CsvTable::read(configs / "measured" / "example.csv"));
  RunPreparer preparer(configs, stacks_from(configs / "stacks", {}));
  std::vector<std::string> told;
  const auto found = [&](const CalibratedStack& one) { told.push_back(one.stack.name); };
  const std::vector<CalibratedStack> all = calibrated_stacks(runs, preparer, {}, found);
  REQUIRE_FALSE(all.empty());
  REQUIRE(told.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].stack.name == told[i]);
    CHECK(all[i].rows > 0);
    CHECK(text_of(all[i]).starts_with(told[i] + ": "));
  }
  int asked = 0;
  CHECK_THROWS_AS(calibrated_stacks(runs, preparer, Progress({}, [&] { return ++asked > 1; })), Stopped);
}

}  // namespace mobasim::tests::calibrated_stacks_test
