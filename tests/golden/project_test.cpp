// The program itself: project and plot, what they write, where they complain.
#include <fmt/format.h>

#include "sim/base/csv.h"
#include "sim/base/file.h"
#include "tests/catch.h"
#include "tests/program.h"

namespace mobasim::tests::project_test {
namespace {

namespace fs = std::filesystem;

Outcome ran(const ScratchFolder& folder, const std::string& arguments, const std::string& environment = "") {
  return outcome_of_shell(environment + ' ' + quoted_for_shell(MOBASIM_PROGRAM) + ' ' + arguments, folder.path());
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("project writes everything it promises, and the laws on stdout") {
  const ScratchFolder folder;
  for (const std::string axis : {"6nd", "gpu_hours"}) {
    const fs::path result = folder / "deep" / axis;
    const Outcome outcome =
        ran(folder, fmt::format("project moba-trailing-32k -o '{}' --axis {}", result.string(), axis));
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    for (const char* name : {"laws.csv", "curves.csv", "projection.csv", "sizes.csv", "summary.txt", "chart.yaml",
                             "loss-vs-compute.svg", "provenance.json"}) {
      INFO(name);
      CHECK(fs::file_size(result / name) > 0);
    }
    CHECK(fs::exists(result / "spread.csv") == (axis == "gpu_hours"));
    CHECK(outcome.out == text_of_file(result / "laws.csv"));
    CHECK(contains(outcome.err, text_of_file(result / "summary.txt")));
    const CsvTable rows = CsvTable::read(result / "projection.csv");
    const std::vector<std::string> promised = {"axis",
                                               "x",
                                               "loss_moba",
                                               "loss_full",
                                               "loss_moba_lo",
                                               "loss_moba_hi",
                                               "loss_full_lo",
                                               "loss_full_hi",
                                               "extrapolation_moba",
                                               "extrapolation_full",
                                               "basis"};
    for (std::size_t i = 0; i < promised.size(); ++i) CHECK(rows.columns().at(i) == promised[i]);
    CHECK(rows.text(0, 0) == axis);
  }
}

TEST_CASE("a second run and plot write the same bytes") {
  const ScratchFolder folder;
  const auto project = [&](const std::string& name) {
    const Outcome outcome = ran(
        folder,
        fmt::format("project moba-position-28k-30k -o '{}' --axis dollars --price '2 $/h'", (folder / name).string()));
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
  };
  project("a");
  project("b");
  for (const char* name : {"laws.csv", "curves.csv", "projection.csv", "sizes.csv", "spread.csv", "summary.txt",
                           "chart.yaml", "loss-vs-compute.svg"}) {
    INFO(name);
    CHECK(text_of_file(folder / "a" / name) == text_of_file(folder / "b" / name));
  }
  const Outcome outcome =
      ran(folder, fmt::format("plot '{}' -o '{}'", (folder / "a").string(), (folder / "again.svg").string()));
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(text_of_file(folder / "again.svg") == text_of_file(folder / "a/loss-vs-compute.svg"));
}

TEST_CASE("without rsvg-convert the chart is an SVG, said so, and no failure") {
  const ScratchFolder folder;
  const Outcome outcome =
      ran(folder, fmt::format("project moba-trailing-32k -o '{}'", (folder / "a").string()), "PATH=/nowhere");
  INFO(outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(contains(outcome.err, "no PNG: rsvg-convert is not on the PATH"));
  CHECK_FALSE(fs::exists(folder / "a/loss-vs-compute.png"));
  CHECK(fs::exists(folder / "a/loss-vs-compute.svg"));
}

TEST_CASE("an axis leaves nothing of another axis behind") {
  const ScratchFolder folder;
  const std::string to = fmt::format("-o '{}'", (folder / "a").string());
  REQUIRE(ran(folder, "project moba-trailing-32k --axis gpu_hours " + to).exit_code == 0);
  REQUIRE(ran(folder, "project moba-trailing-32k --axis 6nd " + to).exit_code == 0);
  CHECK_FALSE(fs::exists(folder / "a/spread.csv"));
}

TEST_CASE("what is wrong with a command is said, with exit 2, or 3 where the machine refuses") {
  const ScratchFolder folder;
  write_file(folder / "file", "x");
  const std::string to = fmt::format("-o '{}'", (folder / "a").string());
  struct Case {
    std::string arguments;
    int code;
    std::string said;
  };
  const Case cases[] = {
      {"project moba-trailing-32 " + to, 2, "did you mean 'moba-trailing-32k'?"},
      {"project " + folder.path().string() + "/none.yaml " + to, 2, "none.yaml"},
      {"project " + folder.path().string() + "/file " + to, 2, "file"},
      {"project moba-trailing-32k " + to + " --axis hours", 2, "gpu_hours"},
      {"project moba-trailing-32k " + to + " --axis dollars --price 2.5", 2, "--price: '2.5'"},
      {"project moba-trailing-32k " + to + " --axis dollars --price '2 GB'", 2, "--price: '2 GB'"},
      {"project moba-trailing-32k " + to + " --axis dollars --price '-2 $/h'", 2, "--price"},
      {"project moba-trailing-32k " + to + " --axis gpu_hours --device h200", 2, "h200"},
      {"project moba-trailing-32k -o '" + folder.path().string() + "/file/below'", 3, "file"},
      {"project moba-trailing-32k", 2, "--output"},
      {"project " + to, 2, "STUDY"},
      {"plot " + folder.path().string(), 2, "projection.csv"},
      {"plot a b -o c.svg", 2, "-o"},
      {"plot " + folder.path().string() + " -o c.png", 2, ".svg"},
  };
  for (const Case& one : cases) {
    const Outcome outcome = ran(folder, one.arguments);
    INFO(one.arguments << "\n" << outcome.err);
    CHECK(outcome.exit_code == one.code);
    CHECK(contains(outcome.err, one.said));
    CHECK(outcome.out.empty());
    CHECK_FALSE(fs::exists(folder / "a"));
  }
}

}  // namespace mobasim::tests::project_test
