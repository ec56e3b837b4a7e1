// What the detectors remember of shared memory, 4 bytes at a time: who wrote last, and who read since.
//
// Happens-before inside a block needs no vectors of clocks: every barrier joins a whole block or a whole warp. An
// access is before another when it is the same thread's, when a sync_block lies between, or, in one warp, a sync_warp.
#pragma once

#include <cstdint>

#include "kernels/simt/sites.h"

namespace mobasim::kernels::simt::executor {

// Packed: from the highest bit on, the number of sync_blocks (22 bits), of the warp's sync_warps since (18), the site
// (12), atomic, pending, and the thread (10). 0: none.
using Stamp = std::uint64_t;
constexpr int kClockShift = 42, kWarpClockShift = 24, kSiteShift = 12;
constexpr std::uint64_t kAtomic = 1u << 11, kPending = 1u << 10;
constexpr std::uint64_t kMaxClock = (std::uint64_t{1} << 22) - 1, kMaxWarpClock = (std::uint64_t{1} << 18) - 1;

[[nodiscard]] inline Stamp stamp(std::uint64_t clock, std::uint64_t warp_clock, SiteId site, int thread) {
  return clock << kClockShift | (warp_clock & kMaxWarpClock) << kWarpClockShift |
         static_cast<Stamp>(site) << kSiteShift | static_cast<Stamp>(thread);
}
[[nodiscard]] inline std::uint64_t clock_of(Stamp stamp) { return stamp >> kClockShift; }
[[nodiscard]] inline std::uint64_t warp_clock_of(Stamp stamp) { return stamp >> kWarpClockShift & kMaxWarpClock; }
[[nodiscard]] inline SiteId site_of(Stamp stamp) { return static_cast<SiteId>(stamp >> kSiteShift & 0xfff); }
[[nodiscard]] inline int thread_of(Stamp stamp) { return static_cast<int>(stamp & 0x3ff); }
[[nodiscard]] inline bool same_warp(Stamp a, Stamp b) { return (thread_of(a) >> 5) == (thread_of(b) >> 5); }

// Neither is before the other; `now` is the later one in time.
[[nodiscard]] inline bool unordered(Stamp before, Stamp now) {
  if (clock_of(before) != clock_of(now) || thread_of(before) == thread_of(now)) return false;
  return !(same_warp(before, now) && warp_clock_of(before) < warp_clock_of(now));
}

struct SharedCell {
  Stamp write = 0;
  Stamp other_atomic = 0;  // another thread's, where the last write is an atomic
  // Two readers are enough to find a writer that is not after all of them: of two warps, or of one.
  Stamp read = 0, other_read = 0;
};

inline void note_read(SharedCell& cell, Stamp now) {
  if (unordered(cell.read, now)) {
    const bool keeps =
        same_warp(cell.read, now) && clock_of(cell.other_read) == clock_of(now) && !same_warp(cell.other_read, now);
    if (!keeps) cell.other_read = cell.read;
  }
  cell.read = now;
}

}  // namespace mobasim::kernels::simt::executor
