// What a detector of the SIMT executor says: which rule was broken, and a text that names kernel, block, threads and
// source lines.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace mobasim::kernels::simt {

enum class Detector : std::uint8_t {
  out_of_bounds,  // beyond a view, an allocation or the block's shared memory
  misaligned,     // an address that is no multiple of the size of the access
  race_shared,    // two threads of a block, one of them writing, with no barrier between
  race_global,    // two blocks of a launch, or two threads with no barrier between, one of them writing, not both by
                  // atomics
  async_read,     // the destination of a cp.async used before it was waited for
  uninitialised_shared,  // shared memory read that no thread of the block wrote
  uninitialised_global,  // global memory read that nobody wrote
  divergent_barrier,     // a barrier of the block that not all threads reach
  divergent_collective,  // the lanes of a warp at different collectives
  deadlock,              // no thread can go on, or one never stops
  exited_lane,           // a collective of a warp some lanes of which have returned
  copies_left,           // a thread returned with copies it never waited for
};
constexpr int kDetectors = static_cast<int>(Detector::copies_left) + 1;
[[nodiscard]] const char* name(Detector detector);

struct Finding : std::runtime_error {
  Finding(Detector which, const std::string& text) : std::runtime_error(text), detector(which) {}
  Detector detector;
};

}  // namespace mobasim::kernels::simt
