// Global memory: what was allocated, and for every 2 bytes who wrote and read them last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/simt/machine.h"

namespace mobasim::kernels::simt::executor {

// Who wrote and read last, as shadow.h has it; the numbers of barriers go on from block to block, so that they tell the
// blocks of a launch apart. In the place of `pending`: another block of the launch did the same.
constexpr std::uint64_t kBySeveral = kPending;
constexpr Stamp kByHost = 1;  // before all barriers

struct GlobalCell {
  Stamp write = 0, read = 0;  // 0: nobody. Of the readers in one block the last is known.
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
