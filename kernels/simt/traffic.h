// Memory instructions of a warp, put together from the accesses of its lanes, which arrive one lane after the other:
// the n-th access of each lane at a line since the warp last met is one instruction.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/simt/counters.h"
#include "kernels/simt/sites.h"
#include "kernels/simt/types.h"

namespace mobasim::kernels::simt::executor {

enum class Path : std::uint8_t {
  shared_load,
  shared_store,
  shared_copy,
  global_load,
  global_store,
  global_copy,
  global_atomic
};
constexpr int kPaths = static_cast<int>(Path::global_atomic) + 1;

class Traffic {
 public:
  void add(int lane, SiteId site, Path path, int bytes, std::uint64_t address);
  // Counts what was put together, and begins anew.
  void flush(Counters& counters);
  void clear();

 private:
  struct Instruction {
    int bytes;  // of a lane
    std::uint32_t lanes;
    std::uint64_t address[kWarp];
  };
  // The instructions of one line and path.
  struct Line {
    std::size_t key = 0;
    Path path = {};
    std::uint32_t used = 0, occurrences[kWarp] = {};
    std::vector<Instruction> instructions = {};
  };
  static void count(Counters& counters, Path path, const Instruction& instruction);

  std::vector<Line> lines_;
  std::size_t used_ = 0;
  std::vector<std::uint16_t> line_of_;  // by site and path, 1 + the place in lines_; 0: none
};

// Passes through shared memory of the lanes' accesses of `bytes` each.
[[nodiscard]] SharedTraffic shared_traffic(const std::uint64_t* address, std::uint32_t lanes, int bytes);
[[nodiscard]] GlobalTraffic global_traffic(const std::uint64_t* address, std::uint32_t lanes, int bytes);

}  // namespace mobasim::kernels::simt::executor
