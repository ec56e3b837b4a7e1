// The executor itself: order by seed, late copies, what comes after a finding, mutations, memory, launch limits.
#include "kernels/simt/executor.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "kernels/cuda/launch_error.h"
#include "kernels/simt/simt.h"
#include "tests/catch.h"
#include "tests/unit/kernels/simt/fixture.h"

namespace mobasim::tests::executor_test {
namespace {

using namespace kernels;
using namespace kernels::simt;

constexpr int kThreads = 64, kBlocks = 4, kCount = kThreads * kBlocks;

struct Numbers {
  int *in, *out;
};
SharedAddress word(int index) { return shared_base() + 4u * static_cast<unsigned>(index); }

// Each block reverses its numbers.
template <int kWidth>
void reverse(Numbers p) {
  const auto in = rows_of(p.in, "in", kBlocks, kWidth, kWidth), out = rows_of(p.out, "out", kBlocks, kWidth, kWidth);
  store_shared(word(thread_index()), load(in, block_index().x, thread_index()));
  sync_block();
  store(out, block_index().x, thread_index(), load_shared<int>(word(kWidth - 1 - thread_index())));
}

// Numbers handed out in the order in which threads ask.
void in_order_of_arrival(Numbers p) {
  const auto next = line_of(p.in, "next", 1);
  const auto out = line_of(p.out, "out", kCount);
  for (int i = 0; i < 2; ++i) {
    store(out, 0, block_index().x * kThreads + thread_index(), atomic_add(next, 0, 0, 1));
    sync_warp();
  }
}

// The source changes between the copy and the wait: it is delivered as it is at the wait.
void late_copy(Numbers p) {
  const auto in = line_of(p.in, "in", kCount), out = line_of(p.out, "out", kCount);
  const int first = 4 * (block_index().x * kThreads / 4 + thread_index());
  if (thread_index() >= kThreads / 4) return;
  cp_async_16(word(4 * thread_index()), in, 0, first, true);
  cp_async_commit();
  store(in, 0, first, -1);
  cp_async_wait<0>();
  for (int i = 0; i < 4; ++i) store(out, 0, first + i, load_shared<int>(word(4 * thread_index() + i)));
}

// Everything that a mutation can touch, rightly used.
void touched(Numbers p) {
  const auto in = line_of(p.in, "in", kCount), out = line_of(p.out, "out", kCount);
  const int lane = lane_index(), thread = thread_index();
  cp_async_16(word(4 * thread), in, 0, 4 * (thread - 32), thread >= 32);
  cp_async_commit();
  cp_async_wait<0>();
  sync_block();
  const int got = load_shared<int>(word((thread * 5 + 64) % (4 * kThreads)));
  sync_block();
  store_shared(word(thread), got);
  sync_warp();
  (void)load_shared<int>(word(thread ^ 1));
  atomic_add(out, 0, lane, 1);
}

std::vector<int> iota() {
  std::vector<int> numbers(kCount);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

std::vector<int> run(void (*kernel)(Numbers), const char* name, std::vector<int> start = std::vector<int>(kCount)) {
  const Device<int> in(start), out(iota());
  cuda::launch(kernel, name, {{kBlocks}, kThreads, 4 * kCount}, Numbers{in.data(), out.data()}, nullptr, __FILE__,
               __LINE__);
  return out.values();
}

TEST_CASE("the same seed gives the same order of threads, another seed another, and numbers do not depend on it") {
  std::set<std::vector<int>> orders;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    std::vector<int> first;
    for (int time = 0; time < 2; ++time) {
      const Session session({.seed = seed});
      const std::vector<int> order = run(in_order_of_arrival, "order");
      if (time == 0) first = order;
      CHECK(order == first);
      CHECK(run(reverse<kThreads>, "reverse", iota())[0] == kThreads - 1);
    }
    orders.insert(first);
  }
  CHECK(orders.size() == 10);
}

TEST_CASE("warps, lanes and blocks come in other orders") {
  std::set<int> first_thread, first_block;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Session session({.seed = seed});
    const std::vector<int> order = run(in_order_of_arrival, "order");
    const auto first = static_cast<int>(std::min_element(order.begin(), order.end()) - order.begin());
    first_thread.insert(first % kThreads);
    first_block.insert(first / kThreads);
  }
  CHECK(first_thread.size() > kThreads / 2);
  CHECK(first_block.size() == kBlocks);
}

TEST_CASE("a copy delivers at the wait what the source holds then") {
  const std::vector<int> out = run(late_copy, "late_copy", iota());
  for (int i = 0; i < kCount; ++i) REQUIRE(out[i] == (i % 4 == 0 ? -1 : i));
}

void beyond(Numbers p) {
  (void)ballot(true);
  (void)load(line_of(p.in, "in", 1), 0, thread_index() == 17 ? 1 : 0);
  sync_block();
}

TEST_CASE("after a finding the executor runs the next launch as if nothing had been") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Session session({.seed = seed});
    const LaunchOutcome outcome = outcome_of([] { run(beyond, "beyond"); });
    REQUIRE(outcome.found);
    CHECK(outcome.text.find("thread 17 ") != std::string::npos);
    const std::vector<int> out = run(reverse<kThreads>, "reverse", iota());
    for (int i = 0; i < kCount; ++i) REQUIRE(out[i] == i / kThreads * kThreads + kThreads - 1 - i % kThreads);
    CHECK(session.total().launches == 1);
  }
}

Mutation mutation_at(const PassedSite& site, MutationKind kind) { return {kind, "tou", site.file, site.line}; }

TEST_CASE("sites are listed, and every mutation at them is seen") {
  std::vector<PassedSite> sites;
  {
    const Session session;
    run(touched, "touched");
    sites = session.sites();
    CHECK_FALSE(session.mutated());
  }
  std::multiset<std::string> kinds;
  for (const PassedSite& site : sites) {
    kinds.insert(name(site.kind));
    CHECK(site.kernel == "touched");
  }
  CHECK(kinds ==
        std::multiset<std::string>{"atomic", "commit", "copy", "sync_block", "sync_block", "sync_warp", "wait"});
  for (const PassedSite& site : sites) {
    std::vector<MutationKind> mutations = {MutationKind::drop};
    if (site.kind == SiteKind::wait) mutations.push_back(MutationKind::lax_wait);
    if (site.kind == SiteKind::copy) mutations = {MutationKind::copy_always};
    if (site.kind == SiteKind::atomic) mutations = {MutationKind::plain_atomic};
    for (const MutationKind mutation : mutations) {
      INFO(name(site.kind) << " line " << site.line << " mutation " << static_cast<int>(mutation));
      Session session({.mutation = mutation_at(site, mutation)});
      CHECK(outcome_of([] { run(touched, "touched"); }).found);
      CHECK(session.mutated());
      CHECK_FALSE(outcome_of([] { run(reverse<kThreads>, "reverse", iota()); }).found);
    }
  }
}

TEST_CASE("device memory: what is written is known, and what is not one allocation is refused") {
  const Device<int> memory(4);
  CHECK_FALSE(wholly_written(memory.data(), 16));
  const int two[2] = {1, 2};
  upload(memory.data() + 1, two, 8);
  CHECK(wholly_written(memory.data() + 1, 8));
  CHECK_FALSE(wholly_written(memory.data(), 8));
  fill(memory.data(), 0, 16);
  CHECK(wholly_written(memory.data(), 16));
  CHECK(memory.values() == std::vector<int>(4));
  CHECK_THROWS_AS(upload(memory.data() + 3, two, 8), std::invalid_argument);
  CHECK_THROWS_AS(release(memory.data() + 1), std::invalid_argument);
  release(allocate(0, "nothing"));
}

TEST_CASE("a view of memory that was released is refused") {
  const Device<int> out(kCount);
  int* gone = static_cast<int*>(allocate(4 * kCount, "gone"));
  fill(gone, 0, 4 * kCount);
  release(gone);
  const LaunchOutcome outcome = outcome_of([&] {
    MOBASIM_LAUNCH(nullptr, (cuda::LaunchShape{{kBlocks}, kThreads, 256}), (Numbers{gone, out.data()}),
                   reverse<kThreads>);
  });
  REQUIRE(outcome.found);
  CHECK(outcome.detector == Detector::out_of_bounds);
}

TEST_CASE("a launch that no device takes is refused, with the place and the kernel") {
  const auto violation = [](const cuda::LaunchShape& shape) -> std::string {
    try {
      cuda::check_launch(shape, "reverse", "a.cu", 7);
    } catch (const cuda::CudaError& error) {
      return error.what();
    }
    return "";
  };
  CHECK(violation({{1}, 128, 0}) == "");
  CHECK(violation({{0}, 1024, 163 * 1024}) == "");
  CHECK(violation({{1}, 1056, 0}) == "a.cu:7: reverse: threads 1056 is beyond 1024");
  CHECK(violation({{1}, 48, 0}) == "a.cu:7: reverse: threads 48 is no positive multiple of 32");
  CHECK(violation({{1}, 0, 0}) == "a.cu:7: reverse: threads 0 is no positive multiple of 32");
  CHECK(violation({{1}, 32, 163 * 1024 + 1}) == "a.cu:7: reverse: bytes of shared memory 166913 is beyond 166912");
  CHECK(violation({{0x80000000u}, 32, 0}) == "a.cu:7: reverse: grid x 2147483648 is beyond 2147483647");
  CHECK(violation({{1, 65536}, 32, 0}) == "a.cu:7: reverse: grid y 65536 is beyond 65535");
  CHECK(violation({{1, 1, 65536}, 32, 0}) == "a.cu:7: reverse: grid z 65536 is beyond 65535");
  try {
    MOBASIM_LAUNCH(nullptr, (cuda::LaunchShape{{1}, 33, 0}), (Numbers{}), reverse<kThreads>);
    FAIL("launched");
  } catch (const cuda::CudaError& error) {
    const std::string text = error.what();
    CHECK(text.find("executor_test.cpp:") != std::string::npos);
    CHECK(text.find(": reverse<64>: threads 33") != std::string::npos);
  }
}

}  // namespace
}  // namespace mobasim::tests::executor_test
