#include "sim/base/progress.h"

#include "tests/catch.h"

namespace mobasim::tests::progress_test {
TEST_CASE("progress of nobody shows nothing and is never asked to stop") {
  const Progress nobody;
  nobody.step("a line");
  CHECK_FALSE(nobody.stopped());
}

TEST_CASE("a step shows its line, and the next one after a stop was asked for throws and shows nothing") {
  std::vector<std::string> lines;
  bool stop = false;
  const Progress progress([&](const std::string& line) { lines.push_back(line); }, [&] { return stop; });
  progress.step("row 1 of 2");
  stop = true;
  CHECK(progress.stopped());
  CHECK_THROWS_AS(progress.check(), Stopped);
  CHECK_THROWS_AS(progress.step("row 2 of 2"), Stopped);
  CHECK(lines == std::vector<std::string>{"row 1 of 2"});
}

TEST_CASE("progress after words has them before each line, and stops as before") {
  std::vector<std::string> lines;
  bool stop = false;
  const Progress progress([&](const std::string& line) { lines.push_back(line); }, [&] { return stop; });
  const Progress inner = progress.after("fit 1 of 3: ").after("panel: ");
  inner.step("back-test");
  CHECK(lines == std::vector<std::string>{"fit 1 of 3: panel: back-test"});
  stop = true;
  CHECK_THROWS_AS(inner.check(), Stopped);
}

}  // namespace mobasim::tests::progress_test
