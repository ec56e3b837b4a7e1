// The inside of the executor: the block that runs, its warps and lanes, and the rules by which they meet. Not for
// kernels.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernels/simt/executor.h"
#include "kernels/simt/fibers.h"
#include "kernels/simt/primitives.h"
#include "kernels/simt/shadow.h"
#include "kernels/simt/sites.h"
#include "kernels/simt/traffic.h"

namespace mobasim::kernels::simt::executor {

constexpr int kMaxThreads = 1024;

// What a thread waits for.
enum class Call : std::uint8_t {
  none,
  shuffle,
  shuffle_xor,
  ballot,
  match_any,
  ldmatrix,
  ldmatrix_transposed,
  mma_bf16,
  mma_fp16,
  sync_warp,
  sync_block,
  exit
};
[[nodiscard]] const char* name(Call call);

struct Copy {
  SharedAddress to;
  std::uint32_t group;
  const std::byte* from;  // null: zeros
  SiteId site;
};

struct Lane {
  Fiber fiber;
  Call call = Call::none;
  SiteId site = 0;
  void* arguments = nullptr;
  int thread = 0;
  std::int64_t accesses = 0;  // since it last waited
  std::uint32_t group = 0;    // of cp.async, that is open
  std::size_t delivered = 0;  // copies that have arrived
  std::vector<Copy> copies;
};

enum class WarpState : std::uint8_t { ready, at_barrier, done };

// Lanes run one after the other, each until it waits: a round. When the last one waits, the warp goes on as one.
struct Warp {
  Lane lanes[kWarp];
  const std::uint8_t* order = nullptr;
  int position = 0;
  std::uint64_t clock = 1;  // sync_warps since the last sync_block
  WarpState state = WarpState::ready;
  Traffic traffic;
};

// A small generator of order: splitmix64 (Steele et al. 2014).
struct Order {
  std::uint64_t state = 0;
  std::uint64_t next() {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
};

constexpr int kPermutations = 32;

// What ended a launch.
struct Broken {
  Detector detector;
  std::string text;
};

struct Machine {
  // The launch.
  GridShape shape = {};
  void (*call)(const void*, void*) = nullptr;
  const void* parameters = nullptr;
  void* kernel = nullptr;
  ExecutorOptions options;
  bool ignored[kDetectors] = {};
  bool running = false;
  Order order;
  std::uint8_t permutations[kPermutations][kWarp] = {};
  Counters counters;
  Mutations mutations;
  std::uint64_t launch_clock = 1;  // of its first block
  std::optional<Broken> broken;

  // The block.
  std::uint64_t block_clock = 1, first_clock = 1;  // sync_blocks, over all blocks; the one this block began with
  std::vector<Warp> warps;
  std::vector<std::byte> shared;
  std::vector<SharedCell> cells;  // one for 4 bytes of shared memory

  // Who runs.
  Fiber scheduler;
  Warp* warp = nullptr;
  Lane* lane = nullptr;
  FiberStacks stacks;
};

[[nodiscard]] Machine& machine();

// Ends the launch: its threads are never resumed, so that nothing on their stacks is destroyed. Make the text in a
// function of its own, for what the call itself would have to destroy leaks.
[[noreturn]] void fail(Detector detector, std::string text);
// fail, unless the detector is ignored.
void report(Detector detector, std::string text);

// The running lane waits for the others; returns when the warp (the block) has met.
void meet(Machine& m, Call call, SiteId site, void* arguments);
// What the warp does when all its lanes wait for the same call.
void complete(Machine& m, Warp& warp, Call call);

// Called at every access: a thread that never waits and never stops is found.
[[noreturn]] void fail_endless(const Lane& lane, SiteId site);
inline void count_access(const Machine& m, Lane& lane, SiteId site) {
  if (++lane.accesses > m.options.longest_run) fail_endless(lane, site);
}

// The running thread and a place, in words: "thread 5 (warp 0, lane 5) at kernels/cuda/backward.cu:12".
[[nodiscard]] std::string thread_at(int thread, SiteId site);

// The parts of a launch that live in other files.
void begin_block_shared(Machine& m);
void forget_order();  // of all accesses to global memory, before barriers are counted anew
void deliver(Machine& m, Lane& lane, std::uint32_t groups);
void check_no_copies_left(Machine& m, const Lane& lane);
void issue_shared(Machine& m, Lane& lane, const Copy& copy);
void deliver_shared(Machine& m, Lane& lane, const Copy& copy);
void read_matrix_row(Machine& m, const Lane& lane, SharedAddress row, SiteId site, void* out);

}  // namespace mobasim::kernels::simt::executor
