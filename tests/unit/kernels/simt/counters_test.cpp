// What the executor counts, on kernels small enough to count by hand.
#include "kernels/simt/counters.h"

#include <numeric>

#include "kernels/simt/simt.h"
#include "tests/catch.h"
#include "tests/unit/kernels/simt/fixture.h"

namespace mobasim::tests::counters_test {
namespace {

using namespace kernels;
using namespace kernels::simt;

struct Strides {
  const int* in;
  int* out;
  int stride;  // words between lanes
};
constexpr int kWords = 1024;

void words(Strides p) {
  const auto at = static_cast<unsigned>(p.stride * thread_index());
  store_shared(shared_base() + 4 * at, 1);
  (void)load_shared<int>(shared_base() + 4 * at);
}
void quads(Strides p) {
  const auto at = static_cast<unsigned>(p.stride * thread_index());
  store_shared(shared_base() + 4 * at, Word4{});
  (void)load_shared<Word4>(shared_base() + 4 * at);
}
void pairs(Strides p) { store_shared(shared_base() + 4u * static_cast<unsigned>(p.stride * thread_index()), Word2{}); }
void broadcast(Strides) {
  if (thread_index() == 0) store_shared(shared_base(), 1);
  sync_warp();
  (void)load_shared<int>(shared_base());
}
void rows_of_matrices(Strides p) {
  const SharedAddress row = shared_base() + 4u * static_cast<unsigned>(p.stride * thread_index());
  store_shared(row, Word4{});
  sync_warp();
  std::uint32_t out[4];
  ldmatrix(out, row);
}
void global(Strides p) {
  const auto in = line_of(p.in, "in", kWords);
  const auto out = line_of(p.out, "out", kWords);
  store(out, 0, thread_index(), load(in, 0, p.stride * thread_index()));
}
// Half of the lanes run their loop twice as often, and the store comes between: the instructions are told apart.
void uneven(Strides p) {
  const auto in = line_of(p.in, "in", kWords);
  const auto out = line_of(p.out, "out", kWords);
  const int lane = lane_index();
  for (int i = 0; i < (lane < 16 ? 4 : 2); ++i) {
    const int got = load(in, 0, 32 * i + lane);
    if (lane % 2 == 0) store(out, 0, 32 * i + lane, got);
  }
}
void copies(Strides p) {
  const auto in = line_of(p.in, "in", kWords);
  const int i = thread_index();
  cp_async_16(shared_base() + 16u * static_cast<unsigned>(i), in, 0, 4 * i, i < 24);
  cp_async_commit();
  cp_async_wait<0>();
  sync_block();
}
void others(Strides p) {
  float d[4] = {};
  const std::uint32_t a[4] = {};
  mma<Bf16>(d, a, 0, 0);
  mma<Fp16>(d, a, 0, 0);
  sync_warp();
  sync_block();
  sync_block();
  atomic_add(line_of(const_cast<int*>(p.in), "in", kWords), 0, thread_index() / 2, 1);
}

Counters counted(void (*kernel)(Strides), int stride, unsigned threads = 32, unsigned blocks = 1,
                 std::uint64_t seed = 1) {
  std::vector<int> numbers(kWords);
  std::iota(numbers.begin(), numbers.end(), 0);
  const Device<int> in(numbers), out(numbers.size());
  const Session session({.seed = seed});
  cuda::launch(kernel, "kernel", {{blocks}, threads, 16384}, Strides{in.data(), out.data(), stride}, nullptr, __FILE__,
               __LINE__);
  REQUIRE(session.counters().size() == 1);
  CHECK(session.counters()[0].kernel == "kernel");
  return session.total();
}

TEST_CASE("passes through shared memory: 32 banks of 4 bytes, wide accesses by halves and quarters of the warp") {
  struct Expected {
    void (*kernel)(Strides);
    int stride;
    std::int64_t bytes, passes, ideal;
  };
  const Expected expected[] = {
      {words, 1, 128, 1, 1}, {words, 2, 128, 2, 1}, {words, 32, 128, 32, 1}, {words, 33, 128, 1, 1},
      {quads, 4, 512, 4, 4}, {quads, 8, 512, 8, 4}, {quads, 32, 512, 32, 4}, {quads, 36, 512, 4, 4},
      {pairs, 2, 256, 2, 2}, {pairs, 4, 256, 4, 2},
  };
  for (const Expected& e : expected) {
    const SharedTraffic stores = counted(e.kernel, e.stride).shared_stores;
    INFO("stride " << e.stride << " bytes " << e.bytes);
    CHECK(stores.bytes == e.bytes);
    CHECK(stores.instructions == 1);
    CHECK(stores.passes == e.passes);
    CHECK(stores.ideal_passes == e.ideal);
  }
  CHECK(counted(quads, 8).shared_loads.passes == 8);
  CHECK(counted(broadcast, 0).shared_loads.passes == 1);
}

TEST_CASE("ldmatrix goes through shared memory once a matrix, when its rows lie in different banks") {
  const Counters straight = counted(rows_of_matrices, 4);
  CHECK(straight.ldmatrix == 1);
  CHECK(straight.shared_loads.bytes == 512);
  CHECK(straight.shared_loads.passes == 4);
  const Counters in_one_bank = counted(rows_of_matrices, 32);
  CHECK(in_one_bank.shared_loads.passes == 32);
  CHECK(in_one_bank.shared_loads.ideal_passes == 4);
}

TEST_CASE("sectors of global memory, of every instruction of a warp") {
  CHECK(counted(global, 1).global_loads.sectors == 4);
  CHECK(counted(global, 2).global_loads.sectors == 8);
  CHECK(counted(global, 16).global_loads.sectors == 32);
  CHECK(counted(global, 0).global_loads.sectors == 1);
  CHECK(counted(global, 16).global_stores.sectors == 4);
  CHECK(counted(global, 1, 64).global_loads.bytes == 256);
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Counters counters = counted(uneven, 1, 32, 1, seed);
    CHECK(counters.global_loads.bytes == 4 * (4 * 16 + 2 * 16));
    CHECK(counters.global_loads.instructions == 4);
    CHECK(counters.global_loads.sectors == 4 + 4 + 2 + 2);
    CHECK(counters.global_stores.instructions == 4);
    CHECK(counters.global_stores.sectors == 4 + 4 + 2 + 2);
  }
}

TEST_CASE("copies, barriers, products and atomics") {
  const Counters copied = counted(copies, 0);
  CHECK(copied.copies == 32);
  CHECK(copied.copied_bytes == 24 * 16);
  CHECK(copied.global_copies.sectors == 12);
  CHECK(copied.shared_copies.passes == 4);
  CHECK(copied.block_barriers == 1);
  const Counters counters = counted(others, 0, 64, 3);
  CHECK(counters.launches == 1);
  CHECK(counters.blocks == 3);
  CHECK(counters.mma == 2 * 2 * 3);
  CHECK(counters.warp_barriers == 2 * 3);
  CHECK(counters.block_barriers == 2 * 3);
  CHECK(counters.atomics == 64 * 3);
  CHECK(counters.global_atomics.bytes == 4 * 64 * 3);
}

TEST_CASE("a session sums over launches by kernel") {
  const std::vector<int> zeros(kWords);
  const Device<int> in(zeros), out(kWords);
  const Session session;
  const cuda::LaunchShape shape{{2}, 32, 512};
  const Strides strides{in.data(), out.data(), 0};
  MOBASIM_LAUNCH(nullptr, shape, strides, copies);
  MOBASIM_LAUNCH(nullptr, shape, strides, others);
  MOBASIM_LAUNCH(nullptr, shape, strides, copies);
  REQUIRE(session.counters().size() == 2);
  CHECK(session.counters()[0].kernel == "copies");
  CHECK(session.counters()[0].counters.launches == 2);
  CHECK(session.counters()[0].counters.copies == 128);
  CHECK(session.counters()[1].counters.mma == 4);
  CHECK(session.total().launches == 3);
}

}  // namespace
}  // namespace mobasim::tests::counters_test
