// How lanes and warps meet, and what the collectives compute.
#include <cstdlib>

#include "kernels/simt/machine.h"
#include "kernels/simt/tensor_core.h"

namespace mobasim::kernels::simt::executor {
namespace {

struct Exchange {
  std::uint32_t value;
  int lane;
  std::uint32_t result;
};
struct MatrixLoad {
  std::uint32_t (&out)[4];
  SharedAddress row;
};

void go_to(Machine& m, Lane& from, Warp& warp) {
  Lane& next = warp.lanes[warp.order[warp.position]];
  if (&next == &from) return;
  m.lane = &next;
  standing.thread = next.thread;
  switch_fiber(from.fiber, next.fiber);
}

std::string waits(const Lane& lane) {
  if (lane.call == Call::exit) return "thread " + std::to_string(lane.thread) + " has returned";
  return thread_at(lane.thread, lane.site) + " waits in " + name(lane.call);
}

std::string pair_text(const Lane& one, const Lane& other) { return waits(one) + ", but " + waits(other); }

// All lanes wait, but not for the same.
[[noreturn]] void fail_divergent(const Warp& warp, const Lane& one) {
  const Lane* other = nullptr;
  bool exited = false, block = false, collective = false;
  for (const Lane& lane : warp.lanes) {
    if (lane.call != one.call || lane.site != one.site) other = &lane;
    exited = exited || lane.call == Call::exit;
    block = block || lane.call == Call::sync_block;
    collective = collective || (lane.call != Call::exit && lane.call != Call::sync_block);
  }
  const Detector detector = !collective ? Detector::divergent_barrier
                            : exited    ? Detector::exited_lane
                            : block     ? Detector::deadlock
                                        : Detector::divergent_collective;
  fail(detector, pair_text(one, *other));
}

template <class Result>
void exchange(Warp& warp, Result result) {
  for (int i = 0; i < kWarp; ++i) {
    Exchange& mine = *static_cast<Exchange*>(warp.lanes[i].arguments);
    mine.result = result(mine);
  }
}
std::uint32_t value_of(const Warp& warp, int lane) {
  return static_cast<const Exchange*>(warp.lanes[lane % kWarp].arguments)->value;
}

void load_matrices(Machine& m, Warp& warp, bool transposed) {
  ++m.counters.ldmatrix;
  std::uint16_t rows[kWarp][8];
  std::uint64_t address[kWarp];
  for (int i = 0; i < kWarp; ++i) {
    const Lane& lane = warp.lanes[i];
    address[i] = static_cast<const MatrixLoad*>(lane.arguments)->row;
    read_matrix_row(m, lane, static_cast<SharedAddress>(address[i]), lane.site, rows[i]);
  }
  for (int i = 0; i < kWarp; ++i) {
    const MatrixLoad& load = *static_cast<const MatrixLoad*>(warp.lanes[i].arguments);
    for (int matrix = 0; matrix < 4; ++matrix) {
      const int line = i / 4, pair = 2 * (i % 4);
      const std::uint32_t low = transposed ? rows[8 * matrix + pair][line] : rows[8 * matrix + line][pair];
      const std::uint32_t high = transposed ? rows[8 * matrix + pair + 1][line] : rows[8 * matrix + line][pair + 1];
      load.out[matrix] = low | high << 16;
    }
  }
  if (m.options.count_memory) {
    const SharedTraffic traffic = shared_traffic(address, ~0u, 16);
    m.counters.shared_loads.bytes += traffic.bytes;
    m.counters.shared_loads.instructions += 1;
    m.counters.shared_loads.passes += traffic.passes;
    m.counters.shared_loads.ideal_passes += traffic.ideal_passes;
  }
}

void multiply(Machine& m, Warp& warp, bool bf16) {
  ++m.counters.mma;
  const MatrixProduct* lanes[kWarp];
  for (int i = 0; i < kWarp; ++i) lanes[i] = static_cast<const MatrixProduct*>(warp.lanes[i].arguments);
  multiply_matrices(lanes, bf16, m.options.rounding);
}

}  // namespace

const char* name(Call call) {
  constexpr const char* kNames[] = {"nothing",    "shuffle",   "shuffle_xor",         "ballot",
                                    "match_any",  "ldmatrix",  "ldmatrix_transposed", "mma (bf16)",
                                    "mma (fp16)", "sync_warp", "sync_block",          "exit"};
  return kNames[static_cast<int>(call)];
}

void complete(Machine& m, Warp& warp, Call call) {
  switch (call) {
    case Call::shuffle:
      return exchange(warp, [&](const Exchange& mine) { return value_of(warp, mine.lane & (kWarp - 1)); });
    case Call::shuffle_xor:
      for (int i = 0; i < kWarp; ++i) {
        Exchange& mine = *static_cast<Exchange*>(warp.lanes[i].arguments);
        mine.result = value_of(warp, (i ^ mine.lane) & (kWarp - 1));
      }
      return;
    case Call::ballot: {
      std::uint32_t bits = 0;
      for (int i = 0; i < kWarp; ++i) bits |= value_of(warp, i) << i;
      return exchange(warp, [&](const Exchange&) { return bits; });
    }
    case Call::match_any:
      return exchange(warp, [&](const Exchange& mine) {
        std::uint32_t bits = 0;
        for (int i = 0; i < kWarp; ++i) bits |= static_cast<std::uint32_t>(value_of(warp, i) == mine.value) << i;
        return bits;
      });
    case Call::ldmatrix:
      return load_matrices(m, warp, false);
    case Call::ldmatrix_transposed:
      return load_matrices(m, warp, true);
    case Call::mma_bf16:
      return multiply(m, warp, true);
    case Call::mma_fp16:
      return multiply(m, warp, false);
    case Call::sync_warp:
      ++m.counters.warp_barriers;
      ++warp.clock;
      return;
    case Call::none:
    case Call::sync_block:
    case Call::exit:
      std::abort();
  }
}

void meet(Machine& m, Call call, SiteId site, void* arguments) {
  Warp& warp = *m.warp;
  Lane& self = *m.lane;
  self.call = call;
  self.site = site;
  self.arguments = arguments;
  self.accesses = 0;
  if (++warp.position < kWarp) return go_to(m, self, warp);
  for (const Lane& lane : warp.lanes) {
    if (lane.call != call || lane.site != site) fail_divergent(warp, self);
  }
  if (m.options.count_memory) warp.traffic.flush(m.counters);
  const std::uint64_t random = m.order.next();
  warp.order = m.permutations[random % kPermutations];
  warp.position = 0;
  constexpr std::uint64_t kOtherWarp = 8;  // one time in so many another warp goes on
  if (call == Call::exit || call == Call::sync_block) {
    warp.state = call == Call::exit ? WarpState::done : WarpState::at_barrier;
  } else {
    complete(m, warp, call);
    if (random / kPermutations % kOtherWarp != 0) return go_to(m, self, warp);
  }
  switch_fiber(self.fiber, m.scheduler);
}

void sync_block(Site site) {
  Machine& m = machine();
  const SiteId id = site_id(site);
  if (!m.mutations.here(id, SiteKind::sync_block, MutationKind::drop)) meet(m, Call::sync_block, id, nullptr);
}
void sync_warp(Site site) {
  Machine& m = machine();
  const SiteId id = site_id(site);
  if (!m.mutations.here(id, SiteKind::sync_warp, MutationKind::drop)) meet(m, Call::sync_warp, id, nullptr);
}

namespace {
std::uint32_t exchanged(Call call, std::uint32_t value, int lane, Site site) {
  Exchange exchange{value, lane, 0};
  meet(machine(), call, site_id(site), &exchange);
  return exchange.result;
}
}  // namespace

std::uint32_t shuffle(std::uint32_t value, int lane, Site site) { return exchanged(Call::shuffle, value, lane, site); }
std::uint32_t shuffle_xor(std::uint32_t value, int mask, Site site) {
  return exchanged(Call::shuffle_xor, value, mask, site);
}
std::uint32_t ballot(bool says, Site site) { return exchanged(Call::ballot, says ? 1 : 0, 0, site); }
std::uint32_t match_any(std::uint32_t value, Site site) { return exchanged(Call::match_any, value, 0, site); }

void ldmatrix(std::uint32_t (&out)[4], SharedAddress row, bool transposed, Site site) {
  MatrixLoad load{out, row};
  meet(machine(), transposed ? Call::ldmatrix_transposed : Call::ldmatrix, site_id(site), &load);
}
void mma(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1, bool bf16, Site site) {
  MatrixProduct product{d, a, {b0, b1}};
  meet(machine(), bf16 ? Call::mma_bf16 : Call::mma_fp16, site_id(site), &product);
}

}  // namespace mobasim::kernels::simt::executor
