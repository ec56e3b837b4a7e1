#include "fit/study/study.h"

#include "fit/study/projection.h"
#include "sim/base/file.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::study_test {
namespace {

namespace fs = std::filesystem;

fs::path configs() { return tests::source_folder() / "configs"; }

const char* const kGood = R"(source: a test
data:
  file: curves.csv
  columns: {compute: c, loss: loss, model: size, attention: kind}
points: last
sequence: 32768
models:
  - {value: s, model: moba-545m, global_batch: 112}
  - {value: m, model: moba-822m, global_batch: 128}
  - {value: l, model: moba-1.1b, global_batch: 160}
arms:
  treatment: {value: moba, attention: {mechanism: moba, block: 512, top_k: 3}}
  baseline: {value: full, attention: {mechanism: full}}
chart:
  y_label: loss
  x: [0.02, 50]
  y: [1, 5]
)";

const char* const kCurves =
    "c,loss,size,kind\n1,3,s,moba\n2,2.9,s,moba\n1,2.8,s,full\n3,2.5,m,moba\n3,2.4,m,full\n9,2,l,moba\n9,,l,moba\n9,1."
    "9,"
    "l,full\n5,1,xl,full\n";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

Study study_of(const tests::ScratchFolder& folder, const std::string& yaml, const std::string& csv = kCurves) {
  write_file(folder / "study.yaml", yaml);
  write_file(folder / "curves.csv", csv);
  return study_from(folder / "study.yaml", configs());
}

// What the reader says about a study, with "study.yaml:" as the places begin.
std::string complaint(const std::string& yaml, const std::string& csv = kCurves) {
  const tests::ScratchFolder folder;
  try {
    (void)data_of(study_of(folder, yaml, csv));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

bool says(const std::string& message, const std::string& part) {
  INFO(message);
  const bool found = message.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("every shipped study is read whole, with its data and its models, and projected on every axis") {
  int studies = 0;
  for (const auto& entry : fs::directory_iterator(configs() / "studies")) {
    INFO(entry.path().string());
    const Study study = study_from(entry.path(), configs());
    const StudyData data = data_of(study);
    CHECK(data.treatment.runs.size() == study.models.size());
    CHECK(data.baseline.runs.size() == study.models.size());
    CHECK(data.ignored == 0);
    CHECK(study.run.has_value());
    for (const std::string& axis : axis_names()) {
      INFO(axis);
      CHECK_NOTHROW(projection_of(study, data, cost_basis(study, axis_named(axis))));
    }
    ++studies;
  }
  CHECK(studies >= 2);
}

TEST_CASE("a study keeps sizes in its own order, leaves out what it does not name and counts it") {
  const tests::ScratchFolder folder;
  const Study study = study_of(folder, kGood);
  const StudyData data = data_of(study);
  REQUIRE(data.treatment.runs.size() == 3);
  CHECK(data.treatment.runs[0].key == std::vector<std::string>{"s"});
  CHECK(data.treatment.runs[0].points.size() == 2);
  CHECK(data.baseline.runs[2].points[0].loss == 1.9);
  CHECK(data.dropped_empty == 1);
  CHECK(data.ignored == 1);
  CHECK_FALSE(study.run.has_value());
  CHECK(study.treatment.name == "moba");
}

TEST_CASE("what is wrong with a study is said at its place") {
  says(complaint(replaced(kGood, "points: last", "points: lost")), "study.yaml:5:9");
  says(complaint(replaced(kGood, "x: [0.02, 50]", "x: [50, 0.02]")), "study.yaml:16:6");
  says(complaint(replaced(kGood, "x: [0.02, 50]", "x: [0, 50]")), "0 < from < to");
  says(complaint(replaced(kGood, "moba-822m", "moba-822")), "did you mean 'moba-822m'?");
  says(complaint(replaced(kGood, "value: m,", "value: s,")), "'s' stands here twice");
  says(complaint(replaced(kGood, "sequence: 32768", "sequence: 32K")), "study.yaml:6:11");
  says(complaint(replaced(kGood, "top_k: 3", "top_k: 0")), "study.yaml:12:");
  says(complaint(replaced(kGood, "value: full", "value: moba")), "both arms have the same name");
  says(complaint(replaced(kGood, "value: full", "value: Full Attention")), "give a name");
  says(complaint(replaced(kGood, "source: a test\n", "")), "source");
  says(complaint(replaced(kGood, "points: last", "pionts: last")), "pionts");
  says(complaint(replaced(kGood, "  - {value: l, model: moba-1.1b, global_batch: 160}\n", "")), "at least 3 sizes");
  says(complaint(replaced(kGood, "{value: full,", "{value: full, colour: red,")), "write '#rrggbb'");
  says(complaint(replaced(kGood, "y: [1, 5]", "y: [1, 5]\n  y_ticks: [6]")), "tick 6 lies outside of y");
}

TEST_CASE("all problems of a study are told at once") {
  const std::string both = complaint(replaced(replaced(kGood, "points: last", "points: lost"), "top_k: 3", "top_k: x"));
  says(both, "study.yaml:5:9");
  says(both, "study.yaml:12:");
}

TEST_CASE("data that a study cannot use is refused") {
  says(complaint(kGood, replaced(kCurves, "size,kind", "size,kin")), "kind");
  says(complaint(kGood, replaced(kCurves, "3,2.4,m,full\n", "")), "no rows with kind 'full' and size m");
  says(complaint(kGood, replaced(kCurves, "2.4", "nan")), "curves.csv:6:3");
  says(complaint(kGood, replaced(kCurves, "3,2.4", "-3,2.4")), "curves.csv:6:1");
  says(complaint(replaced(kGood, "curves.csv", "none.csv")), "none.csv");
}

TEST_CASE("a run part needs a device that is there and a batch for every size") {
  const std::string run =
      std::string(kGood) + "run:\n  device: h100-sxm\n  workload: {recompute: full}\n  layout: {data: 8}\n";
  CHECK(complaint(run).empty());
  says(complaint(replaced(run, "h100-sxm", "h100-smx")), "did you mean 'h100-sxm'?");
  says(complaint(replaced(run, "recompute: full", "recompute: some")), "study.yaml:");
  says(complaint(replaced(run, ", global_batch: 128", "")), "'m' needs its global_batch");
}

}  // namespace mobasim::tests::study_test
