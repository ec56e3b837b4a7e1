// The SIMT executor: runs a grid of a kernel on the calling thread, one block after the other in random order, every
// CUDA thread a fiber, warps and lanes in random order, every access to memory checked. The first broken rule ends the
// launch with a Finding; the next launch starts afresh. Device memory, sessions and launches belong to the thread of
// the host that makes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kernels/simt/bugs.h"
#include "kernels/simt/counters.h"
#include "kernels/simt/finding.h"
#include "kernels/simt/mutation.h"

namespace mobasim::kernels::simt {

// How mma rounds. exact: a chain of fused multiply-adds in f32, ascending k. truncating: products of 8 and the sum so
// far are aligned to the largest exponent, cut to 24 bits, and added, as measured on tensor cores (Fasi et al. 2021,
// Numerical behavior of NVIDIA tensor cores).
enum class Rounding { exact, truncating };

struct ExecutorOptions {
  std::uint64_t seed = 1;
  Rounding rounding = Rounding::exact;
  bool count_memory = true;            // passes and sectors; the rest is always counted
  std::vector<Detector> ignored = {};  // of the race, async_read, uninitialised and copies_left detectors only
  std::int64_t longest_run = std::int64_t{1} << 28;  // accesses of one thread without a barrier: more is a deadlock
  Mutation mutation = {};
  Bug bug = Bug::none;
};

// While it lives, launches of this thread run with its options and are counted in it. Sessions nest.
class Session {
 public:
  explicit Session(ExecutorOptions options = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] const ExecutorOptions& options() const { return options_; }
  // By kernel, in the order of their first launches; a launch that ended with a finding is not counted.
  [[nodiscard]] const std::vector<KernelCounters>& counters() const { return counters_; }
  [[nodiscard]] Counters total() const;
  // The places of barriers, commits, waits, copies and atomics that launches passed.
  [[nodiscard]] const std::vector<PassedSite>& sites() const { return sites_; }
  // A site of this session's mutation was passed.
  [[nodiscard]] bool mutated() const { return mutated_; }

  struct Run;  // what one launch adds
  void add(const Run& run);
  [[nodiscard]] std::int64_t next_launch() { return launches_++; }

 private:
  ExecutorOptions options_;
  std::vector<KernelCounters> counters_;
  std::vector<PassedSite> sites_;
  bool mutated_ = false;
  std::int64_t launches_ = 0;
  Session* outer_;
};

struct GridShape {
  const char* name;
  unsigned grid[3];
  unsigned threads;
  unsigned shared_bytes;
};
// call(parameters, kernel) runs the kernel's code of one thread. Throws Finding.
void run_grid(const GridShape& shape, void (*call)(const void* parameters, void* kernel), const void* parameters,
              void* kernel);

// Device memory. Kernels may touch only what lives here; it starts undefined.
[[nodiscard]] void* allocate(std::size_t bytes, const char* name);
void release(void* memory);
// Copies by the host, and cudaMemset. The range must lie in one allocation (std::invalid_argument).
void upload(void* to, const void* from, std::size_t bytes);
void download(void* to, const void* from, std::size_t bytes);
void fill(void* to, int byte, std::size_t bytes);
// Whether all of it was written since it was allocated.
[[nodiscard]] bool wholly_written(const void* from, std::size_t bytes);

}  // namespace mobasim::kernels::simt
