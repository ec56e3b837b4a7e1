// How many warps of a kernel a multiprocessor holds at once. CUDA C++ Programming Guide, "Compute Capabilities", and
// the granularities of the CUDA occupancy calculator.
#pragma once

#include <algorithm>

namespace mobasim::tests {

struct Multiprocessor {
  int warps, blocks, shared_bytes;
};
constexpr Multiprocessor kA100{64, 32, 164 * 1024}, kH100{64, 32, 228 * 1024};

// 65536 registers, given to a warp in steps of 256, a quarter of them to each of four schedulers; shared memory in
// steps of 128 bytes, and 1 KB of each block is the system's.
inline int resident_warps(const Multiprocessor& machine, int threads, int registers, int shared_bytes) {
  const int warps = (threads + 31) / 32;
  const int registers_of_warp = (registers * 32 + 255) / 256 * 256;
  const int by_registers = 65536 / 4 / registers_of_warp * 4 / warps;
  const int by_shared = machine.shared_bytes / ((shared_bytes + 1024 + 127) / 128 * 128);
  return warps * std::min({by_registers, by_shared, machine.blocks, machine.warps / warps});
}

}  // namespace mobasim::tests
