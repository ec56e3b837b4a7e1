// Global memory: what was allocated, and for every 2 bytes which block wrote and read it last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/simt/machine.h"

namespace mobasim::kernels::simt::executor {

// Serial numbers of blocks, with a flag at the top. A launch's blocks have serials from Machine::first_serial on.
constexpr std::uint32_t kSerial = (1u << 30) - 1, kBySeveral = 1u << 30, kByAtomic = 1u << 31;
constexpr std::uint32_t kHostSerial = 1;  // written by the host; 0: by nobody

struct GlobalCell {
  std::uint32_t write = 0, read = 0;
  SiteId write_site = 0, read_site = 0;
};
constexpr std::size_t kGlobalCellBytes = 2;

struct Allocation {
  std::byte* begin;
  std::size_t bytes;
  std::string name;
  std::vector<GlobalCell> cells;
};

// `bytes` from an element of a view on, aligned to `alignment`.
struct Access {
  const View& view;
  int row, column, bytes, alignment;
  SiteId site;
};

// Where they stand, checked and noted as read, as written.
const std::byte* readable(Machine& m, Lane& lane, const Access& access);
std::byte* writable(Machine& m, Lane& lane, const Access& access);

}  // namespace mobasim::kernels::simt::executor
