// Shared memory: bounds, alignment, what was never written, what a copy still brings, and races inside a block.
#include <algorithm>
#include <cstring>

#include "kernels/simt/machine.h"

namespace mobasim::kernels::simt::executor {
namespace {

constexpr int kCellBytes = 4;

std::string address_text(SharedAddress address, int bytes) {
  return std::to_string(bytes) + " bytes at byte " + std::to_string(std::int64_t{address} - kSharedBase) +
         " of shared memory";
}

std::string bounds_text(const Machine& m, const Lane& lane, SharedAddress address, int bytes, SiteId site) {
  return thread_at(lane.thread, site) + " touches " + address_text(address, bytes) + ", which has " +
         std::to_string(m.shape.shared_bytes);
}

std::string cell_text(const Machine& m, const Lane& lane, SiteId site, const SharedCell& cell, const char* does) {
  const auto byte = static_cast<SharedAddress>((&cell - m.cells.data()) * kCellBytes);
  return thread_at(lane.thread, site) + does + address_text(byte + kSharedBase, kCellBytes);
}

std::string pair_text(const Machine& m, const Lane& lane, SiteId site, const SharedCell& cell, const char* does,
                      const char* other_did, Stamp other) {
  return cell_text(m, lane, site, cell, does) + other_did + thread_at(thread_of(other), site_of(other));
}

SharedCell* checked_cells(Machine& m, const Lane& lane, SharedAddress address, int bytes, SiteId site) {
  const std::uint64_t offset = std::uint64_t{address} - kSharedBase;  // below the base: wraps, and is out of bounds
  if (offset + static_cast<unsigned>(bytes) > m.shape.shared_bytes || address < kSharedBase) {
    fail(Detector::out_of_bounds, bounds_text(m, lane, address, bytes, site));
  }
  if (address % static_cast<unsigned>(bytes) != 0) {
    fail(Detector::misaligned, bounds_text(m, lane, address, bytes, site));
  }
  return m.cells.data() + offset / kCellBytes;
}

Stamp now_of(const Machine& m, const Lane& lane, SiteId site) {
  return stamp(m.block_clock, m.warp->clock, site, lane.thread);
}

void check_pending(Machine& m, const Lane& lane, const SharedCell& cell, SiteId site, const char* does) {
  if ((cell.write & kPending) != 0 && clock_of(cell.write) >= m.first_clock) {
    report(Detector::async_read,
           pair_text(m, lane, site, cell, does, ", where a copy is on its way, made by ", cell.write));
  }
}

void check_read(Machine& m, const Lane& lane, const SharedCell& cell, Stamp now) {
  const SiteId site = site_of(now);
  if (clock_of(cell.write) < m.first_clock) {
    report(Detector::uninitialised_shared, cell_text(m, lane, site, cell, " reads, before anybody wrote it, "));
  }
  check_pending(m, lane, cell, site, " reads ");
  for (const Stamp write : {cell.write, cell.other_atomic}) {
    if (unordered(write, now)) {
      report(Detector::race_shared,
             pair_text(m, lane, site, cell, " reads ", ", which with no barrier between was written by ", write));
    }
  }
}

void check_write(Machine& m, const Lane& lane, const SharedCell& cell, Stamp now) {
  const SiteId site = site_of(now);
  check_pending(m, lane, cell, site, " writes ");
  for (const Stamp write : {cell.write, cell.other_atomic}) {
    if ((now & write & kAtomic) == 0 && unordered(write, now)) {
      report(Detector::race_shared,
             pair_text(m, lane, site, cell, " writes ", ", which with no barrier between was written by ", write));
    }
  }
  for (const Stamp read : {cell.read, cell.other_read}) {
    if (unordered(read, now)) {
      report(Detector::race_shared,
             pair_text(m, lane, site, cell, " writes ", ", which with no barrier between was read by ", read));
    }
  }
}

void note_traffic(Machine& m, const Lane& lane, SiteId site, Path path, int bytes, SharedAddress address) {
  if (m.options.count_memory) m.warp->traffic.add(lane.thread % kWarp, site, path, bytes, address);
}

}  // namespace

void begin_block_shared(Machine& m) {
  m.shared.assign(m.shape.shared_bytes, std::byte{0xff});  // NaN in every format
  m.cells.resize(std::max<std::size_t>(m.cells.size(), (m.shape.shared_bytes + kCellBytes - 1) / kCellBytes));
  constexpr std::uint64_t kRoom = std::uint64_t{1} << 20;  // barriers that one block may pass
  if (m.block_clock + kRoom > kMaxClock) {
    std::fill(m.cells.begin(), m.cells.end(), SharedCell{});
    forget_order();
    m.block_clock = 0;
    m.launch_clock = 1;
  }
  m.first_clock = ++m.block_clock;
}

void load_shared(SharedAddress from, void* value, int bytes, Site site) {
  Machine& m = machine();
  Lane& lane = *m.lane;
  const SiteId id = site_id(site);
  count_access(m, lane, id);
  SharedCell* cells = checked_cells(m, lane, from, bytes, id);
  const Stamp now = now_of(m, lane, id);
  for (SharedCell* cell = cells; cell < cells + bytes / kCellBytes; ++cell) {
    check_read(m, lane, *cell, now);
    note_read(*cell, now);
  }
  std::memcpy(value, m.shared.data() + (from - kSharedBase), static_cast<std::size_t>(bytes));
  note_traffic(m, lane, id, Path::shared_load, bytes, from);
}

void store_shared(SharedAddress to, const void* value, int bytes, Site site) {
  Machine& m = machine();
  Lane& lane = *m.lane;
  const SiteId id = site_id(site);
  count_access(m, lane, id);
  SharedCell* cells = checked_cells(m, lane, to, bytes, id);
  const Stamp now = now_of(m, lane, id);
  for (SharedCell* cell = cells; cell < cells + bytes / kCellBytes; ++cell) {
    check_write(m, lane, *cell, now);
    cell->write = now;
    cell->other_atomic = 0;
  }
  std::memcpy(m.shared.data() + (to - kSharedBase), value, static_cast<std::size_t>(bytes));
  note_traffic(m, lane, id, Path::shared_store, bytes, to);
}

int atomic_shared(SharedAddress at, int value, Site site) {
  Machine& m = machine();
  Lane& lane = *m.lane;
  const SiteId id = site_id(site);
  count_access(m, lane, id);
  SharedCell& cell = *checked_cells(m, lane, at, kCellBytes, id);
  if (clock_of(cell.write) < m.first_clock) {
    report(Detector::uninitialised_shared, cell_text(m, lane, id, cell, " adds to, before anybody wrote it, "));
  }
  const bool plain = m.mutations.here(id, SiteKind::atomic, MutationKind::plain_atomic);
  const Stamp now = now_of(m, lane, id) | (plain ? 0 : kAtomic);
  check_write(m, lane, cell, now);
  if (unordered(cell.write, now)) cell.other_atomic = cell.write;
  cell.write = now;
  ++m.counters.atomics;
  int before, after;
  std::byte* memory = m.shared.data() + (at - kSharedBase);
  std::memcpy(&before, memory, sizeof before);
  after = static_cast<int>(static_cast<unsigned>(before) + static_cast<unsigned>(value));
  std::memcpy(memory, &after, sizeof after);
  return before;
}

// Its lane reads the row, and all lanes get it: they all must be after the row was written. The lanes go on together,
// so that what they write later is after the reading.
void read_matrix_row(Machine& m, const Lane& lane, SharedAddress row, SiteId site, void* out) {
  constexpr int kRowBytes = 16;
  SharedCell* cells = checked_cells(m, lane, row, kRowBytes, site);
  const std::uint64_t clock = m.warp->clock;
  const Stamp now = stamp(m.block_clock, clock, site, lane.thread);
  for (SharedCell* cell = cells; cell < cells + kRowBytes / kCellBytes; ++cell) {
    check_read(m, lane, *cell, now);
    if (clock_of(cell->write) == m.block_clock && warp_clock_of(cell->write) == clock && same_warp(cell->write, now)) {
      report(Detector::race_shared,
             pair_text(m, lane, site, *cell, " reads for its warp ",
                       ", which with no barrier of the warp between was written by ", cell->write));
    }
    note_read(*cell, stamp(m.block_clock, clock - 1, site, lane.thread));
  }
  std::memcpy(out, m.shared.data() + (row - kSharedBase), kRowBytes);
}

void issue_shared(Machine& m, Lane& lane, const Copy& copy) {
  constexpr int kCopyBytes = 16;
  SharedCell* cells = checked_cells(m, lane, copy.to, kCopyBytes, copy.site);
  const Stamp now = now_of(m, lane, copy.site);
  for (SharedCell* cell = cells; cell < cells + kCopyBytes / kCellBytes; ++cell) {
    check_write(m, lane, *cell, now);
    cell->write = now | kPending;
    cell->other_atomic = 0;
  }
  std::memset(m.shared.data() + (copy.to - kSharedBase), 0xff, kCopyBytes);
  note_traffic(m, lane, copy.site, Path::shared_copy, kCopyBytes, copy.to);
}

void deliver_shared(Machine& m, Lane& lane, const Copy& copy) {
  constexpr int kCopyBytes = 16;
  const std::size_t offset = copy.to - kSharedBase;
  const Stamp now = now_of(m, lane, copy.site);
  for (std::size_t cell = offset / kCellBytes; cell < (offset + kCopyBytes) / kCellBytes; ++cell) {
    m.cells[cell].write = now;
  }
  if (copy.from == nullptr) {
    std::memset(m.shared.data() + offset, 0, kCopyBytes);
  } else {
    std::memcpy(m.shared.data() + offset, copy.from, kCopyBytes);
  }
}

}  // namespace mobasim::kernels::simt::executor
