#include "kernels/simt/executor.h"

#include <numeric>

#include "kernels/simt/simt.h"
#include "tests/catch.h"
#include "tests/unit/simt/fixture.h"

using namespace mobasim::kernels;
using namespace mobasim::kernels::simt;
using mobasim::tests::Device;
using mobasim::tests::Outcome;
using mobasim::tests::outcome_of;

namespace {

struct Reverse {
  const int* in;
  int* out;
  bool barrier;
};

// Each block of 64 reverses its 64 numbers through shared memory.
template <int kThreads>
MOBASIM_KERNEL(kThreads, 1)
reverse(Reverse p) {
  const Rows<const int> in = rows_of(p.in, "in", 4, kThreads, kThreads);
  const Rows<int> out = rows_of(p.out, "out", 4, kThreads, kThreads);
  const int i = thread_index();
  store_shared(shared_base() + 4u * static_cast<unsigned>(i), load(in, block_index().x, i));
  if (p.barrier) sync_block();
  store(out, block_index().x, i, load_shared<int>(shared_base() + 4u * static_cast<unsigned>(kThreads - 1 - i)));
}

}  // namespace

TEST_CASE("a kernel runs, and a missing barrier is found") {
  std::vector<int> numbers(256);
  std::iota(numbers.begin(), numbers.end(), 0);
  const Device<int> in(numbers), out(numbers.size());
  const cuda::LaunchShape shape{{4}, 64, 256};
  MOBASIM_LAUNCH(nullptr, shape, (Reverse{in.data(), out.data(), true}), reverse<64>);
  const std::vector<int> got = out.values();
  for (int i = 0; i < 256; ++i) CHECK(got[i] == i / 64 * 64 + 63 - i % 64);
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const Session session({.seed = seed});
    const Outcome outcome = outcome_of([&] {
      MOBASIM_LAUNCH(nullptr, shape, (Reverse{in.data(), out.data(), false}), reverse<64>);
    });
    INFO(outcome.text);
    REQUIRE(outcome.found);
    CHECK((outcome.detector == Detector::race_shared || outcome.detector == Detector::uninitialised_shared));
  }
}
