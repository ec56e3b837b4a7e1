#include "kernels/bench/timing.h"

#include <algorithm>
#include <cmath>

#include "kernels/bench/plan.h"
#include "tests/catch.h"

namespace mobasim::tests::timing_test {
using namespace kernels;
using namespace kernels::bench;

namespace {

// A clock that only the arms and probes of a test move on.
struct FakeMachine {
  double time = 0;
  double speed = 1;  // times are over it
  int runs = 0;

  // Needs `seconds`, and sometimes a little more.
  Arm arm(double seconds, double noise = 0) {
    return {[this, seconds, noise] {
      const double taken = seconds * (1 + noise * (++runs % 7)) / speed;
      time += taken;
      return std::vector<double>{taken};
    }};
  }
  Sampling sampling(double seconds) {
    Sampling out;
    out.seconds = seconds;
    out.clock = [this] { return time; };
    out.probe = [this] {
      time += 0.001;
      return 100 * speed;
    };
    out.level = 100;
    return out;
  }
};

}  // namespace

TEST_CASE("quartiles are those of Hyndman and Fan's type 7") {
  CHECK(quantile({5}, 0.25) == 5);
  CHECK(quantile({4, 1, 3, 2}, 0.5) == 2.5);
  const Quartiles found = quartiles({9, 1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(found.lo == 3);
  CHECK(found.median == 5);
  CHECK(found.hi == 7);
}

TEST_CASE("the error of a median: ranks 2 and 9 of 10 hold it in 98 of 100 cases, and few samples tell nothing") {
  CHECK(error_of_median({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) == Approx((10.0 - 1.0) / 2 / 5.5));
  CHECK(std::isinf(error_of_median({1, 1, 1, 1, 1})));
  std::vector<double> many;
  for (int i = 0; i < 1000; ++i) many.push_back(1 + i / 1000.0);
  CHECK(error_of_median(many) == Approx(0.031 / 1.4995).epsilon(0.05));  // 1.96 sqrt(1000) / 2 ranks to each side
}

TEST_CASE("arms are sampled in turns, in an order that changes, after a warm-up that is not kept") {
  std::vector<int> order;
  const auto arm = [&](int which) {
    return Arm{[&order, which] {
      order.push_back(which);
      return std::vector<double>{1.0 + 10.0 * which + static_cast<double>(order.size() % 7), 2.0};
    }};
  };
  Random random(1);
  Sampling sampling;
  sampling.seconds = 1e9;
  sampling.rules.most_rounds = 20;
  const Sampled taken = sampled({arm(0), arm(1), arm(2)}, sampling, random);
  CHECK(taken.ending == Ending::rounds);
  REQUIRE(taken.arms.size() == 3);
  for (const auto& runs : taken.arms) {
    REQUIRE(runs.size() == 20);
    CHECK(runs[0].times.size() == 2);
  }
  REQUIRE(order.size() == 3 + 60);
  int rotated = 0;
  for (std::size_t round = 1; round <= 20; ++round) {
    std::vector<int> three(order.begin() + static_cast<std::ptrdiff_t>(3 * round),
                           order.begin() + static_cast<std::ptrdiff_t>(3 * round + 3));
    rotated += three[0] != 0;
    std::sort(three.begin(), three.end());
    CHECK(three == std::vector<int>{0, 1, 2});
  }
  CHECK(rotated > 3);
}

TEST_CASE("sampling ends when the medians are known, when the time is spent, or when asked to") {
  Random random(1);
  FakeMachine machine;
  const Sampled steady = sampled({machine.arm(0.1)}, machine.sampling(1e9), random);
  CHECK(steady.ending == Ending::settled);
  CHECK(steady.arms[0].size() == 10);
  const Sampled spent = sampled({machine.arm(0.1)}, machine.sampling(0), random);
  CHECK(spent.ending == Ending::time_out);
  CHECK(spent.arms[0].size() == 3);
  Sampling asking = machine.sampling(1e9);
  int asked = 0;
  asking.stop = [&] { return ++asked > 5; };
  const Sampled stopped = sampled({machine.arm(0.1)}, asking, random);
  CHECK(stopped.ending == Ending::stopped);
  CHECK(stopped.arms[0].size() == 4);
}

TEST_CASE("short runs are taken for half a second, noisy ones more often than steady ones") {
  Random random(1);
  FakeMachine machine;
  const double begin = machine.time;
  const Sampled taken = sampled({machine.arm(1e-4)}, machine.sampling(1e9), random);
  CHECK(taken.ending == Ending::settled);
  CHECK(machine.time - begin >= 0.5);
  CHECK(taken.arms[0].size() > 300);
  const Sampled noisy = sampled({machine.arm(0.1, 0.05)}, machine.sampling(1e9), random);
  CHECK(noisy.arms[0].size() > 20);
}

TEST_CASE("a sample beside a slow probe is discarded, and the times are those of the undisturbed machine") {
  Random random(1);
  FakeMachine machine;
  Arm arm = machine.arm(0.1);
  int run = 0;
  const Arm disturbed{[&] {
    machine.speed = ++run % 4 == 0 ? 0.5 : 1.0;
    return arm.run();
  }};
  const Sampled taken = sampled({disturbed}, machine.sampling(1e9), random);
  CHECK(taken.ending == Ending::settled);
  int discarded = 0;
  for (const Run& one : taken.arms[0]) {
    discarded += !one.kept;
    CHECK(one.kept == (one.probe == 100));
  }
  CHECK(discarded >= 4);  // each slow one, and the one after it, which began while the machine was slow
  for (const double time : kept_times(taken.arms[0], 0)) CHECK(time == Approx(0.1));
}

TEST_CASE("a later visit goes on where the earlier ones ended, without a warm-up, and judges their samples anew") {
  Random random(1);
  FakeMachine machine;
  Sampling sampling = machine.sampling(0);
  sampling.may_settle = false;
  const Sampled first = sampled({machine.arm(0.1)}, sampling, random);
  CHECK(first.ending == Ending::time_out);
  REQUIRE(first.arms[0].size() == 3);
  CHECK(first.arms[0][0].at >= 0.1);  // after the warm-up
  sampling.most_seconds = 10;
  sampling.level = 2 * sampling.level;  // what the machine can do is known better now
  machine.speed = 2;
  const Sampled second = sampled({machine.arm(0.1)}, sampling, random, first.arms);
  REQUIRE(second.arms[0].size() >= 4);
  for (std::size_t i = 0; i < second.arms[0].size(); ++i) {
    CHECK(second.arms[0][i].kept == (i >= 3));
    if (i < 3) CHECK(second.arms[0][i].times == first.arms[0][i].times);
    if (i > 0) CHECK(second.arms[0][i].at > second.arms[0][i - 1].at);
  }
  CHECK(kept_times(second.arms[0], 0).size() >= 3);
}

TEST_CASE("a visit before the last does not end because the medians are known") {
  Random random(1);
  FakeMachine machine;
  Sampling sampling = machine.sampling(5);
  CHECK(sampled({machine.arm(0.1)}, sampling, random).arms[0].size() == 10);
  sampling.may_settle = false;
  CHECK(sampled({machine.arm(0.1)}, sampling, random).arms[0].size() > 30);
}

TEST_CASE("a first round of seconds is kept") {
  Random random(1);
  FakeMachine machine;
  int runs = 0;
  const Arm slow = machine.arm(3);
  const Arm counted{[&] { return ++runs, slow.run(); }};
  CHECK(sampled({counted}, machine.sampling(0), random).arms[0].size() == 3);
  CHECK(runs == 3);
}

TEST_CASE("a machine that stays slow gives samples that are told to be disturbed") {
  Random random(1);
  FakeMachine machine;
  machine.speed = 0.5;
  const Sampled taken = sampled({machine.arm(0.1)}, machine.sampling(1), random);
  CHECK(taken.ending_of(0) == Ending::disturbed);
  CHECK(kept_times(taken.arms[0], 0).size() == taken.arms[0].size());
  CHECK(machine.time < 1.5);
  machine.time = 0;
  Sampling patient = machine.sampling(1);
  patient.most_seconds = 2;
  (void)sampled({machine.arm(0.1)}, patient, random);
  CHECK(machine.time > 2);
}

TEST_CASE("warm-up ends when the clock no longer rises, or when its time is spent") {
  FakeMachine machine;
  machine.speed = 0.5;
  Sampling sampling = machine.sampling(100);
  const auto probe = sampling.probe;
  sampling.probe = [&] {
    machine.speed = std::min(1.0, machine.speed + 0.001);
    return probe();
  };
  std::vector<double> probes;
  CHECK(warmed_up(sampling, probes));
  CHECK(probes.back() == 100);
  CHECK(machine.time < 10);
  int flips = 0;
  sampling.seconds = 1;
  sampling.probe = [&] { return machine.speed = (++flips / 40) % 2 + 1.0, probe(); };
  probes.clear();
  CHECK_FALSE(warmed_up(sampling, probes));
}

TEST_CASE("a budget lets in what comes first and fits, and gives the short ones all they want") {
  const auto cost = [](double least, double wanted) { return Cost{least / 4, least, wanted, false}; };
  CHECK(shares({cost(1, 2), cost(1, 2)}, 100, 100) == std::vector<double>{2, 2});
  CHECK(shares({cost(1, 2), cost(4, 100)}, 10, 10) == std::vector<double>{2, 8});
  CHECK(shares({cost(1, 100), cost(1, 100)}, 10, 10) == std::vector<double>{5, 5});
  CHECK(shares({cost(6, 100), cost(6, 100), cost(3, 100)}, 10, 10) == std::vector<double>{6.5, 0, 3.5});
  CHECK(shares({cost(6, 100), cost(2, 100)}, 12, 4) == std::vector<double>{0, 12});
  CHECK(shares({cost(6, 100), cost(2, 100), cost(2, 100)}, 12, 12, 3) == std::vector<double>{8, 4, 0});
  Cost needed = cost(20, 30);
  needed.always = true;
  CHECK(shares({cost(1, 2), needed}, 10, 3) == std::vector<double>{0, 20});
}

}  // namespace mobasim::tests::timing_test
