#include "fit/study/study_result.h"

#include "tests/catch.h"

namespace mobasim::tests::study_result_test {
namespace {

Study shipped(const std::string& name) {
  const std::filesystem::path configs = tests::source_folder() / "configs";
  return study_from(configs / "studies" / (name + ".yaml"), configs);
}

}  // namespace

TEST_CASE("a study comes to its tables and its words, and names what it rests on") {
  const Study study = shipped("moba-trailing-32k");
  const CostBasis costs = cost_basis(study, Axis::six_nd);
  const StudyResult result = study_result(study, data_of(study), costs);
  CHECK(result.laws.rows.size() >= 2);
  CHECK_FALSE(result.curves.rows.empty());
  CHECK(result.points.rows.size() == result.projection.grid.size());
  CHECK_FALSE(result.spread);
  CHECK(result.summary.ends_with("\n"));
  const Provenance provenance = provenance_of(study, costs, "unused.yaml");
  CHECK(provenance.inputs.size() == 2 + study.models.size());
  CHECK(provenance.facts[2] == std::pair<std::string, std::string>("axis", "6nd"));
  CHECK(provenance.command.empty());
}

TEST_CASE("what was left out of a study's data is told") {
  StudyData data;
  CHECK(notes_on(data).empty());
  data.dropped_empty = 2;
  data.ignored = 3;
  CHECK(notes_on(data).size() == 2);
}

}  // namespace mobasim::tests::study_result_test
