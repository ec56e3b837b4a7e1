// The program itself: project and plot, what they write, where they complain.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/base/csv.h"
#include "sim/base/file.h"
#include "tests/catch.h"

using namespace mobasim;

namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path = fs::temp_directory_path() / fmt::format("mobasim-project-test-{}", ::getpid());
  Folder() { make_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

struct Outcome {
  int code = -1;
  std::string out, err;
};

Outcome ran(const Folder& folder, const std::string& arguments, const std::string& environment = "") {
  const fs::path out = folder.path / "stdout.txt", err = folder.path / "stderr.txt";
  const std::string command =
      fmt::format("{} '{}' {} >'{}' 2>'{}'", environment, MOBASIM_PROGRAM, arguments, out.string(), err.string());
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text_of_file(out), text_of_file(err)};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("project writes everything it promises, and the laws on stdout") {
  const Folder folder;
  for (const std::string axis : {"6nd", "gpu_hours"}) {
    const fs::path result = folder.path / "deep" / axis;
    const Outcome outcome =
        ran(folder, fmt::format("project moba-trailing-32k -o '{}' --axis {}", result.string(), axis));
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
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
  const Folder folder;
  const auto project = [&](const std::string& name) {
    const Outcome outcome =
        ran(folder, fmt::format("project moba-position-28k-30k -o '{}' --axis dollars --price '2 $/h'",
                                (folder.path / name).string()));
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
  };
  project("a");
  project("b");
  for (const char* name : {"laws.csv", "curves.csv", "projection.csv", "sizes.csv", "spread.csv", "summary.txt",
                           "chart.yaml", "loss-vs-compute.svg"}) {
    INFO(name);
    CHECK(text_of_file(folder.path / "a" / name) == text_of_file(folder.path / "b" / name));
  }
  const Outcome outcome =
      ran(folder, fmt::format("plot '{}' -o '{}'", (folder.path / "a").string(), (folder.path / "again.svg").string()));
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(text_of_file(folder.path / "again.svg") == text_of_file(folder.path / "a/loss-vs-compute.svg"));
}

TEST_CASE("without rsvg-convert the chart is an SVG, said so, and no failure") {
  const Folder folder;
  const Outcome outcome =
      ran(folder, fmt::format("project moba-trailing-32k -o '{}'", (folder.path / "a").string()), "PATH=/nowhere");
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(contains(outcome.err, "no PNG: rsvg-convert is not on the PATH"));
  CHECK_FALSE(fs::exists(folder.path / "a/loss-vs-compute.png"));
  CHECK(fs::exists(folder.path / "a/loss-vs-compute.svg"));
}

TEST_CASE("an axis leaves nothing of another axis behind") {
  const Folder folder;
  const std::string to = fmt::format("-o '{}'", (folder.path / "a").string());
  REQUIRE(ran(folder, "project moba-trailing-32k --axis gpu_hours " + to).code == 0);
  REQUIRE(ran(folder, "project moba-trailing-32k --axis 6nd " + to).code == 0);
  CHECK_FALSE(fs::exists(folder.path / "a/spread.csv"));
}

TEST_CASE("what is wrong with a command is said, with exit 2, or 3 where the machine refuses") {
  const Folder folder;
  write_file(folder.path / "file", "x");
  const std::string to = fmt::format("-o '{}'", (folder.path / "a").string());
  struct Case {
    std::string arguments;
    int code;
    std::string said;
  };
  const Case cases[] = {
      {"project moba-trailing-32 " + to, 2, "did you mean 'moba-trailing-32k'?"},
      {"project " + folder.path.string() + "/none.yaml " + to, 2, "none.yaml"},
      {"project " + folder.path.string() + "/file " + to, 2, "file"},
      {"project moba-trailing-32k " + to + " --axis hours", 2, "gpu_hours"},
      {"project moba-trailing-32k " + to + " --axis dollars --price 2.5", 2, "--price '2.5'"},
      {"project moba-trailing-32k " + to + " --axis dollars --price '2 GB'", 2, "--price '2 GB'"},
      {"project moba-trailing-32k " + to + " --axis dollars --price '-2 $/h'", 2, "--price"},
      {"project moba-trailing-32k " + to + " --axis gpu_hours --device h200", 2, "h200"},
      {"project moba-trailing-32k -o '" + folder.path.string() + "/file/below'", 3, "file"},
      {"project moba-trailing-32k", 2, "--output"},
      {"project " + to, 2, "STUDY"},
      {"plot " + folder.path.string(), 2, "projection.csv"},
      {"plot a b -o c.svg", 2, "-o"},
      {"plot " + folder.path.string() + " -o c.png", 2, ".svg"},
  };
  for (const Case& one : cases) {
    const Outcome outcome = ran(folder, one.arguments);
    INFO(one.arguments << "\n" << outcome.err);
    CHECK(outcome.code == one.code);
    CHECK(contains(outcome.err, one.said));
    CHECK(outcome.out.empty());
    CHECK_FALSE(fs::exists(folder.path / "a"));
  }
}
