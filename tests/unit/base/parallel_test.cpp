#include "sim/base/parallel.h"

#include <atomic>
#include <stdexcept>

#include "tests/catch.h"

namespace mobasim::tests::parallel_test {
TEST_CASE("a parallel loop does every index once, on any number of threads") {
  for (const int threads : {1, 2, 7}) {
    for (const std::int64_t count : {0, 1, 5, 1000}) {
      std::vector<std::atomic<int>> times(static_cast<std::size_t>(count));
      in_parallel(count, threads, [&](std::size_t i) { ++times[i]; });
      for (const std::atomic<int>& one : times) CHECK(one == 1);
    }
  }
}

TEST_CASE("threads are as many as asked for, and at least one where it is left open") {
  CHECK(threads_of(3) == 3);
  CHECK(threads_of(0) >= 1);
}

TEST_CASE("a parallel loop throws the first exception when all threads have ended") {
  for (const int threads : {1, 4}) {
    std::atomic<int> inside = 0, begun = 0;
    const auto work = [&](std::size_t i) {
      ++inside, ++begun;
      if (i == 3) --inside, throw std::runtime_error("the third");
      --inside;
    };
    CHECK_THROWS_WITH(in_parallel(1000000, threads, work), "the third");
    CHECK(inside == 0);
    CHECK(begun < 1000000);
  }
}

TEST_CASE("a parallel loop tells how far it is, one line at a time, and stops when asked to") {
  std::vector<std::string> lines;  // no lock of its own: the loop calls from one thread at a time
  const auto note = [&](const std::string& line) { lines.push_back(line); };
  in_parallel(
      8, 3, [](std::size_t) {}, Progress(note, {}), "work");
  REQUIRE(lines.size() == 8);
  CHECK(lines.front() == "work 1 of 8");
  CHECK(lines.back() == "work 8 of 8");

  lines.clear();
  in_parallel(
      4000, 2, [](std::size_t) {}, Progress(note, {}), "work");
  CHECK(lines.size() == 200);

  lines.clear();
  const Progress stopping(note, [&] { return lines.size() >= 3; });
  CHECK_THROWS_AS(in_parallel(
                      8, 2, [](std::size_t) {}, stopping, "work"),
                  Stopped);
  CHECK(lines.size() == 3);

  const Progress refusing([](const std::string&) { throw std::runtime_error("enough"); }, {});
  CHECK_THROWS_WITH(in_parallel(
                        8, 2, [](std::size_t) {}, refusing, "work"),
                    "enough");
}

}  // namespace mobasim::tests::parallel_test
