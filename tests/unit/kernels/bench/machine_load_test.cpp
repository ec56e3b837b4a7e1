#include "kernels/bench/machine_load.h"

#include "kernels/bench/machine.h"
#include "tests/catch.h"

namespace mobasim::tests::machine_load_test {
using namespace kernels;
using namespace kernels::bench;

TEST_CASE("other load is what the processors did beside this process, and what was stolen") {
  LoadCounters before = counters_of("cpu  100 0 100 800 0 0 0 0 0 0", 100);
  LoadCounters after = counters_of("cpu  600 100 200 1000 0 0 0 100 0 0", 100);
  REQUIRE(before.known);
  CHECK(after.all - before.all == Approx(10));
  before.own = 1;
  after.own = 6;
  before.preempted = 3;
  after.preempted = 10;
  const Load load = load_between(before, after);
  CHECK(load.known);
  CHECK(load.others == Approx(0.2));  // 7 s busy, 5 of them ours
  CHECK(load.stolen == Approx(0.1));
  CHECK(load.preempted == 7);
}

TEST_CASE("where the system tells nothing, nothing is claimed") {
  CHECK_FALSE(counters_of("", 100).known);
  CHECK_FALSE(counters_of("cpu 1 2 3", 100).known);
  CHECK_FALSE(load_between({}, counters_of("cpu  1 1 1 1 1 1 1 1", 100)).known);
}

TEST_CASE("a build is told apart by its hash, which stays the same while it runs") {
  CHECK(program_hash() == program_hash());
  CHECK_FALSE(affinity().empty());
}

}  // namespace mobasim::tests::machine_load_test
