#include "fit/report/group_fits.h"

#include "fit/report/notes.h"
#include "fit/report/tables.h"
#include "sim/base/error.h"
#include "tests/catch.h"

namespace mobasim::tests::group_fits_test {
namespace {

// L = 2 x^-0.1 for each of two groups, with a row that has no loss.
CsvTable small_table() {
  std::string text = "panel,compute,loss\n";
  for (const char* panel : {"p", "q"}) {
    for (int i = 0; i < 8; ++i) {
      const double x = std::pow(2, i);
      text += fmt::format("{},{},{}\n", panel, x, 2 * std::pow(x, -0.1) * (1 + 0.001 * (i % 3)));
    }
  }
  return CsvTable::from_text(text + "p,1024,\n", "small.csv");
}

FitRequest request_by(const std::vector<std::string>& by) {
  FitRequest request;
  request.data = "small.csv";
  request.law = PowerLaw{};
  request.selection.x = "compute";
  request.selection.loss = "loss";
  request.selection.by = by;
  request.points_text = "all";
  return request;
}

}  // namespace

TEST_CASE("each group of a table is fitted, by its name, and what was dropped is told") {
  const FitRequest request = request_by({"panel"});
  const GroupsToFit groups = groups_to_fit(request, small_table());
  CHECK(groups.notes == std::vector<std::string>{"dropped 1 row without 'loss'"});
  REQUIRE(groups.groups.size() == 2);
  CHECK(groups.groups[1].name == "panel=q");
  std::vector<std::string> lines;
  const Progress progress([&](const std::string& line) { lines.push_back(line); }, {});
  const std::vector<GroupFit> fits = group_fits(request, groups, {}, progress);
  REQUIRE(fits.size() == 2);
  CHECK(lines == std::vector<std::string>{"fit 1 of 2: panel=p: fit", "fit 2 of 2: panel=q: fit"});
  const Table table = fit_table({"panel"}, fits);
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[1][0] == Cell(std::string("q")));
  const FitReport report = report_of(request, groups, fits, {"mobasim", "fit"});
  CHECK(report.groups.size() == 2);
  CHECK(report.dropped == 1);
  CHECK(report.loss_column == "loss");
}

TEST_CASE("a fit is stopped between two groups") {
  const FitRequest request = request_by({"panel"});
  const GroupsToFit groups = groups_to_fit(request, small_table());
  int asked = 0;
  CHECK_THROWS_AS(group_fits(request, groups, {}, Progress({}, [&] { return ++asked > 1; })), Stopped);
}

TEST_CASE("what is wrong with several groups is one error") {
  FitRequest request = request_by({"panel"});
  const CsvTable few = CsvTable::from_text("panel,compute,loss\np,1,2\nq,1,2\n", "few.csv");
  try {
    (void)group_fits(request, groups_to_fit(request, few), {});
    FAIL("accepted");
  } catch (const ConfigError& error) {
    CHECK(error.problems().size() == 2);
  }
}

TEST_CASE("few runs leave intervals open, which the notes say") {
  FitRequest request = request_by({});
  request.selection.run = {"panel"};
  const std::vector<GroupFit> fits = group_fits(request, groups_to_fit(request, small_table()), {});
  const std::vector<std::string> notes = notes_on(fits, request.loss);
  REQUIRE(notes.size() == 1);
  CHECK(notes[0] == "small.csv: 2 runs: at least 3 determine an interval, so those cells are empty");
}

}  // namespace mobasim::tests::group_fits_test
