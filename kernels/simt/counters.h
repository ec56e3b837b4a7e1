// What a launch did, counted. Passes: how often shared memory is gone through for one instruction of a warp (32 banks
// of 4 bytes; accesses of 8 and 16 bytes go by half and quarter warps, ldmatrix by matrix); ideal is without conflicts.
#pragma once

#include <cstdint>
#include <string>

namespace mobasim::kernels::simt {

struct SharedTraffic {
  std::int64_t bytes = 0, instructions = 0, passes = 0, ideal_passes = 0;
};
// Sectors of 32 bytes touched by the instructions of warps; a sector touched by two instructions counts twice.
struct GlobalTraffic {
  std::int64_t bytes = 0, instructions = 0, sectors = 0;
};

struct Counters {
  std::int64_t launches = 0, blocks = 0;
  std::int64_t mma = 0, ldmatrix = 0;                      // instructions of warps
  std::int64_t block_barriers = 0, warp_barriers = 0;      // once for a block, once for a warp
  std::int64_t copies = 0, copied_bytes = 0, atomics = 0;  // cp.async and atomics, of threads; zero fill copies nothing
  SharedTraffic shared_loads, shared_stores, shared_copies;  // ldmatrix among the loads; copies: the writes of cp.async
  GlobalTraffic global_loads, global_stores, global_copies, global_atomics;

  Counters& operator+=(const Counters& other);
};

struct KernelCounters {
  std::string kernel;
  unsigned threads = 0, shared_bytes = 0;  // of a block, the most of any launch
  Counters counters;
};

}  // namespace mobasim::kernels::simt
