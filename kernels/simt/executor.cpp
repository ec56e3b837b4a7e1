#include "kernels/simt/executor.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "kernels/simt/machine.h"

namespace mobasim::kernels::simt {

const char* name(Detector detector) {
  constexpr const char* kNames[] = {
      "out_of_bounds",        "misaligned",           "race_shared",       "race_global",          "async_read",
      "uninitialised_shared", "uninitialised_global", "divergent_barrier", "divergent_collective", "deadlock",
      "exited_lane",          "copies_left"};
  return kNames[static_cast<int>(detector)];
}

namespace executor {

constinit thread_local Standing standing;

Machine& machine() {
  static thread_local Machine the_machine;
  return the_machine;
}

namespace {

bool may_be_ignored(Detector detector) {
  return detector == Detector::race_shared || detector == Detector::race_global || detector == Detector::async_read ||
         detector == Detector::uninitialised_shared || detector == Detector::uninitialised_global ||
         detector == Detector::copies_left;
}

void shuffle_order(Machine& m) {
  for (auto& permutation : m.permutations) {
    for (int i = 0; i < kWarp; ++i) permutation[i] = static_cast<std::uint8_t>(i);
    for (std::uint64_t i = kWarp - 1; i > 0; --i) std::swap(permutation[i], permutation[m.order.below(i + 1)]);
  }
}

void begin_launch(Machine& m, const ExecutorOptions& options, std::int64_t launch) {
  m.options = options;
  std::fill(std::begin(m.ignored), std::end(m.ignored), false);
  for (const Detector detector : options.ignored) {
    if (!may_be_ignored(detector)) {
      throw std::invalid_argument(std::string("the executor cannot go on after ") + name(detector));
    }
    m.ignored[static_cast<int>(detector)] = true;
  }
  m.order.state = options.seed * 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(launch);
  shuffle_order(m);
  m.counters = {};
  m.counters.launches = 1;
  m.broken.reset();
  m.mutations.begin(options.mutation, m.shape.name);
  m.launch_clock = m.block_clock + 1;
  if (m.warps.size() < m.shape.threads / kWarp) m.warps.resize(m.shape.threads / kWarp);
}

void begin_block(Machine& m, std::uint64_t block) {
  ++m.counters.blocks;
  standing.threads = static_cast<int>(m.shape.threads);
  standing.bug = m.options.bug;
  standing.block = {static_cast<int>(block % m.shape.grid[0]),
                    static_cast<int>(block / m.shape.grid[0] % m.shape.grid[1]),
                    static_cast<int>(block / m.shape.grid[0] / m.shape.grid[1])};
  begin_block_shared(m);
  for (std::size_t w = 0; w < m.shape.threads / kWarp; ++w) {
    Warp& warp = m.warps[w];
    warp.order = m.permutations[m.order.below(kPermutations)];
    warp.position = 0;
    warp.clock = 1;
    warp.state = WarpState::ready;
    warp.traffic.clear();
    for (int i = 0; i < kWarp; ++i) {
      Lane& lane = warp.lanes[i];
      lane.thread = static_cast<int>(w) * kWarp + i;
      lane.fiber = m.stacks.fiber(lane.thread);
      lane.call = Call::none;
      lane.accesses = 0;
      lane.group = 0;
      lane.delivered = 0;
      lane.copies.clear();
    }
  }
}

void resume(Machine& m, Warp& warp) {
  Lane& lane = warp.lanes[warp.order[warp.position]];
  m.warp = &warp;
  m.lane = &lane;
  standing.thread = lane.thread;
  switch_fiber(m.scheduler, lane.fiber);
}

// No warp is ready: all wait at one barrier, or all are done, or it is an error. False: the block is done.
bool release_barrier(Machine& m) {
  const std::size_t warps = m.shape.threads / kWarp;
  const Warp* waits = nullptr;
  for (std::size_t w = 0; w < warps; ++w) {
    if (m.warps[w].state == WarpState::at_barrier) waits = &m.warps[w];
  }
  if (waits == nullptr) return false;
  const Lane& here = waits->lanes[0];
  for (std::size_t w = 0; w < warps; ++w) {
    const Lane& there = m.warps[w].lanes[0];
    if (m.warps[w].state == WarpState::at_barrier && there.site == here.site) continue;
    m.broken = Broken{Detector::divergent_barrier,
                      thread_at(here.thread, here.site) + " waits at a barrier of the block, but thread " +
                          std::to_string(there.thread) + " " +
                          (m.warps[w].state == WarpState::done ? "has returned" : "waits at " + place(there.site))};
    return false;
  }
  ++m.counters.block_barriers;
  ++m.block_clock;
  for (std::size_t w = 0; w < warps; ++w) {
    m.warps[w].state = WarpState::ready;
    m.warps[w].clock = 1;
  }
  return true;
}

void run_block(Machine& m, std::uint64_t block) {
  begin_block(m, block);
  const std::size_t warps = m.shape.threads / kWarp;
  do {
    for (;;) {
      std::size_t ready[kMaxThreads / kWarp], count = 0;
      for (std::size_t w = 0; w < warps; ++w) {
        if (m.warps[w].state == WarpState::ready) ready[count++] = w;
      }
      if (count == 0) break;
      resume(m, m.warps[ready[m.order.below(count)]]);
      if (m.broken) return;
    }
  } while (release_barrier(m));
}

std::string launch_text(const Machine& m) {
  return std::string(m.shape.name) + ", block (" + std::to_string(standing.block.x) + ", " +
         std::to_string(standing.block.y) + ", " + std::to_string(standing.block.z) + "): ";
}

// Blocks in random order, without a table: i -> (a i + b) mod n with a prime to n.
void run_blocks(Machine& m) {
  const std::uint64_t blocks = std::uint64_t{m.shape.grid[0]} * m.shape.grid[1] * m.shape.grid[2];
  std::uint64_t step = m.order.below(blocks) + 1;
  while (std::gcd(step, blocks) != 1) ++step;
  std::uint64_t block = m.order.below(blocks);
  for (std::uint64_t i = 0; i < blocks && !m.broken; ++i, block = (block + step) % blocks) run_block(m, block);
}

}  // namespace

void run_thread() {
  Machine& m = machine();
  m.call(m.parameters, m.kernel);
  check_no_copies_left(m, *m.lane);
  meet(m, Call::exit, 0, nullptr);
  std::abort();
}

void fail(Detector detector, std::string text) {
  Machine& m = machine();
  m.broken = Broken{detector, std::move(text)};
  switch_fiber(m.lane->fiber, m.scheduler);
  std::abort();  // nobody resumes it
}

void report(Detector detector, std::string text) {
  if (!machine().ignored[static_cast<int>(detector)]) fail(detector, std::move(text));
}

namespace {
std::string endless_text(const Lane& lane, SiteId site) {
  return thread_at(lane.thread, site) + " goes on and on: " + std::to_string(lane.accesses) +
         " accesses without waiting for anybody";
}
}  // namespace

void fail_endless(const Lane& lane, SiteId site) { fail(Detector::deadlock, endless_text(lane, site)); }

std::string thread_at(int thread, SiteId site) {
  return "thread " + std::to_string(thread) + " (warp " + std::to_string(thread / kWarp) + ", lane " +
         std::to_string(thread % kWarp) + ") at " + place(site);
}

}  // namespace executor

namespace {
constinit thread_local Session* current_session = nullptr;
}

struct Session::Run {
  const char* kernel;
  const executor::Machine& machine;
};

Session::Session(ExecutorOptions options) : options_(std::move(options)), outer_(current_session) {
  current_session = this;
}
Session::~Session() { current_session = outer_; }

void Session::add(const Run& run) {
  mutated_ = mutated_ || run.machine.mutations.happened();
  for (PassedSite& site : run.machine.mutations.passed(run.kernel)) {
    const auto same = [&](const PassedSite& other) {
      return other.kernel == site.kernel && other.kind == site.kind && other.line == site.line &&
             other.file == site.file;
    };
    if (std::none_of(sites_.begin(), sites_.end(), same)) sites_.push_back(std::move(site));
  }
  if (run.machine.broken) return;
  auto at = std::find_if(counters_.begin(), counters_.end(),
                         [&](const KernelCounters& counters) { return counters.kernel == run.kernel; });
  if (at == counters_.end()) at = counters_.insert(counters_.end(), {run.kernel, 0, 0, {}});
  at->threads = std::max(at->threads, run.machine.shape.threads);
  at->shared_bytes = std::max(at->shared_bytes, run.machine.shape.shared_bytes);
  at->counters += run.machine.counters;
}

Counters Session::total() const {
  Counters sum;
  for (const KernelCounters& kernel : counters_) sum += kernel.counters;
  return sum;
}

void run_grid(const GridShape& shape, void (*call)(const void*, void*), const void* parameters, void* kernel) {
  executor::Machine& m = executor::machine();
  if (m.running) throw std::logic_error("a kernel launches a kernel");
  m.shape = shape;
  m.call = call;
  m.parameters = parameters;
  m.kernel = kernel;
  static const ExecutorOptions kDefaults;
  executor::begin_launch(m, current_session == nullptr ? kDefaults : current_session->options(),
                         current_session == nullptr ? 0 : current_session->next_launch());
  m.running = true;
  executor::run_blocks(m);
  m.running = false;
  if (current_session != nullptr) current_session->add({shape.name, m});
  if (m.broken) throw Finding(m.broken->detector, executor::launch_text(m) + m.broken->text);
}

}  // namespace mobasim::kernels::simt
