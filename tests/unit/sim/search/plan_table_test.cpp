#include "sim/search/plan_table.h"

#include "sim/run/run_file.h"
#include "tests/catch.h"

namespace mobasim::tests::plan_table_test {
namespace {

Run shipped_run(const std::string& name, const std::vector<Override>& overrides = {}) {
  const std::filesystem::path configs = tests::source_folder() / "configs";
  return run_from(configs / "runs" / (name + ".yaml"), configs, overrides);
}

Cell cell_of(const Table& table, std::size_t row, const std::string& column) {
  const auto at = std::find(table.columns.begin(), table.columns.end(), column);
  REQUIRE(at != table.columns.end());
  return table.rows[row][static_cast<std::size_t>(at - table.columns.begin())];
}

bool any_begins(const std::vector<std::string>& lines, const std::string& words) {
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return line.starts_with(words); });
}

}  // namespace

TEST_CASE("a plan is one row of a run and its cost") {
  const Run run = shipped_run("moba-1.5b-32k");
  const RunCost cost = cost_of(run);
  const Table table = plan_table(run, cost);
  REQUIRE(table.rows.size() == 1);
  CHECK(table.rows[0].size() == table.columns.size());
  CHECK(cell_of(table, 0, "run") == Cell("moba-1.5b-32k"));
  CHECK(cell_of(table, 0, "step_time_s") == Cell(cost.step_time.value()));
  CHECK(cell_of(table, 0, "fits") == Cell(cost.fits));
}

TEST_CASE("the parts of a step and of the memory add up to their last rows") {
  const Table table = breakdown_table(cost_of(shipped_run("moba-1.5b-32k")));
  for (const std::string kind : {"time", "memory"}) {
    double sum = 0, whole = 0;
    for (std::size_t row = 0; row < table.rows.size(); ++row) {
      if (cell_of(table, row, "kind") != Cell(kind)) continue;
      const Cell part = cell_of(table, row, "part");
      const double share = std::get<double>(cell_of(table, row, "share"));
      (part == Cell("step") || part == Cell("peak") ? whole : sum) += share;
    }
    CHECK(whole == 1);
    CHECK(sum == Approx(1).epsilon(1e-9));
  }
}

TEST_CASE("a plan that does not fit notes what would make it fit, and one with a price where that is from") {
  const Run large = shipped_run("llama-3.1-8b-128k-full", {{"device", "a100-40-sxm", "--device", true}});
  const RunCost cost = cost_of(large);
  REQUIRE_FALSE(cost.fits);
  CHECK(any_begins(plan_notes(large, cost), "memory: "));
  const Run fitting = shipped_run("moba-1.5b-32k", {{"price", "2 $/h", "--price", true}});
  const RunCost costs = cost_of(fitting);
  REQUIRE(costs.fits);
  CHECK_FALSE(any_begins(plan_notes(fitting, costs), "memory: "));
  CHECK(any_begins(plan_notes(fitting, costs), "price: ") == !fitting.device.price_source.empty());
}

}  // namespace mobasim::tests::plan_table_test
