#include "kernels/simt/global_memory.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>

namespace mobasim::kernels::simt {
namespace executor {
namespace {

constexpr std::align_val_t kAlignment{256};  // as cudaMalloc's

struct Heap {
  std::vector<std::unique_ptr<Allocation>> allocations;  // by address
  ~Heap() {
    for (const auto& allocation : allocations) ::operator delete(allocation->begin, kAlignment);
  }
};
Heap& heap() {
  static thread_local Heap the_heap;
  return the_heap;
}

auto position_after(const void* address) {
  auto& all = heap().allocations;
  return std::upper_bound(all.begin(), all.end(), address, [](const void* at, const std::unique_ptr<Allocation>& a) {
    return std::less<>()(at, static_cast<const void*>(a->begin));
  });
}

// The allocation that holds the whole range, or null.
Allocation* allocation_of(const void* address, std::size_t bytes) {
  const auto after = position_after(address);
  if (after == heap().allocations.begin()) return nullptr;
  Allocation& found = **(after - 1);
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(address) - found.begin);
  return offset <= found.bytes && bytes <= found.bytes - offset ? &found : nullptr;
}

std::string view_text(const View& view) {
  return std::string(view.name) + " [" + std::to_string(view.rows) + " rows, " + std::to_string(view.width) +
         " columns of " + std::to_string(view.element_bytes) + " bytes]";
}
std::string access_text(const Lane& lane, const Access& a, const char* what) {
  return thread_at(lane.thread, a.site) + what + std::to_string(a.bytes) + " bytes at row " + std::to_string(a.row) +
         ", column " + std::to_string(a.column) + " of " + view_text(a.view);
}
std::string allocation_text(const Lane& lane, const View& view, SiteId site) {
  return thread_at(lane.thread, site) + " makes a view " + view_text(view) + ", stride " + std::to_string(view.stride) +
         ", that is not in one live allocation";
}
std::string race_text(const Machine& m, const Lane& lane, const Access& a, const char* what, const char* other_did,
                      Stamp other) {
  const bool same_block = clock_of(other) >= m.first_clock;
  return access_text(lane, a, what) + (same_block ? ", which with no barrier between " : ", which in another block ") +
         thread_at(thread_of(other), site_of(other)) + " " + other_did;
}

std::byte* checked(Machine& m, Lane& lane, const Access& access) {
  const View& view = access.view;
  count_access(m, lane, access.site);
  const int columns = std::max(access.bytes / view.element_bytes, 1);
  if (access.row < 0 || access.row >= view.rows || access.column < 0 || access.column > view.width - columns) {
    fail(Detector::out_of_bounds, access_text(lane, access, " touches "));
  }
  const auto index = std::int64_t{access.row} * view.stride + access.column;
  auto* at = static_cast<std::byte*>(const_cast<void*>(view.base)) + index * view.element_bytes;
  if (std::bit_cast<std::uintptr_t>(at) % static_cast<unsigned>(access.alignment) != 0) {
    fail(Detector::misaligned, access_text(lane, access, " touches, not aligned, "));
  }
  return at;
}

GlobalCell* cells_of(const Access& access, const std::byte* at) {
  Allocation& allocation = *access.view.allocation;
  return allocation.cells.data() + static_cast<std::size_t>(at - allocation.begin) / kGlobalCellBytes;
}

// Another block of this launch is in the stamp.
bool foreign(const Machine& m, Stamp stamp) {
  return clock_of(stamp) >= m.launch_clock && (clock_of(stamp) < m.first_clock || (stamp & kBySeveral) != 0);
}

// The access `now` races with an earlier one.
void check_race(const Machine& m, const Lane& lane, const Access& a, Stamp now, Stamp earlier, const char* what,
                const char* other_did) {
  if (foreign(m, earlier) || unordered(earlier, now)) {
    report(Detector::race_global, race_text(m, lane, a, what, other_did, earlier));
  }
}

void check_written(const Lane& lane, const Access& a, const GlobalCell& cell) {
  if (cell.write == 0) {
    report(Detector::uninitialised_global, access_text(lane, a, " reads, before anybody wrote them, "));
  }
}

}  // namespace

void forget_order() {
  for (const auto& allocation : heap().allocations) {
    for (GlobalCell& cell : allocation->cells) cell = {cell.write == 0 ? 0 : kByHost, 0};
  }
}

View view_of(const void* base, int element_bytes, const char* name, int rows, int width, int stride, Site site) {
  View view{base, element_bytes, rows, width, stride, name, nullptr};
  if (rows <= 0 || width <= 0) {
    view.rows = 0;
    return view;
  }
  const auto elements = std::int64_t{rows - 1} * stride + width;
  view.allocation = stride < 0 ? nullptr : allocation_of(base, static_cast<std::size_t>(elements * element_bytes));
  if (view.allocation == nullptr) fail(Detector::out_of_bounds, allocation_text(*machine().lane, view, site_id(site)));
  return view;
}

const std::byte* readable(Machine& m, Lane& lane, const Access& access) {
  const std::byte* at = checked(m, lane, access);
  const Stamp now = stamp(m.block_clock, m.warp->clock, access.site, lane.thread);
  GlobalCell* cells = cells_of(access, at);
  for (GlobalCell* cell = cells; cell < cells + static_cast<std::size_t>(access.bytes) / kGlobalCellBytes; ++cell) {
    check_written(lane, access, *cell);
    check_race(m, lane, access, now, cell->write, " reads ", "wrote");
    cell->read = now | (foreign(m, cell->read) ? kBySeveral : 0);
  }
  return at;
}

std::byte* writable(Machine& m, Lane& lane, const Access& access) {
  std::byte* at = checked(m, lane, access);
  const Stamp now = stamp(m.block_clock, m.warp->clock, access.site, lane.thread);
  GlobalCell* cells = cells_of(access, at);
  for (GlobalCell* cell = cells; cell < cells + static_cast<std::size_t>(access.bytes) / kGlobalCellBytes; ++cell) {
    check_race(m, lane, access, now, cell->write, " writes ", "wrote");
    check_race(m, lane, access, now, cell->read, " writes ", "read");
    cell->write = now;
  }
  return at;
}

namespace {
void note_traffic(Machine& m, const Lane& lane, SiteId site, Path path, int bytes, const std::byte* at) {
  if (m.options.count_memory) {
    m.warp->traffic.add(lane.thread % kWarp, site, path, bytes, std::bit_cast<std::uintptr_t>(at));
  }
}
}  // namespace

void load_global(const View& view, int row, int column, void* value, int bytes, int alignment, Site site) {
  Machine& m = machine();
  const SiteId id = site_id(site);
  const std::byte* at = readable(m, *m.lane, {view, row, column, bytes, alignment, id});
  std::memcpy(value, at, static_cast<std::size_t>(bytes));
  note_traffic(m, *m.lane, id, Path::global_load, bytes, at);
}

void store_global(const View& view, int row, int column, const void* value, int bytes, Site site) {
  Machine& m = machine();
  const SiteId id = site_id(site);
  std::byte* at = writable(m, *m.lane, {view, row, column, bytes, bytes, id});
  std::memcpy(at, value, static_cast<std::size_t>(bytes));
  note_traffic(m, *m.lane, id, Path::global_store, bytes, at);
}

void* atomic_global(const View& view, int row, int column, Site site) {
  constexpr int kBytes = 4;
  Machine& m = machine();
  Lane& lane = *m.lane;
  const SiteId id = site_id(site);
  const Access access{view, row, column, kBytes, kBytes, id};
  ++m.counters.atomics;
  if (m.mutations.here(id, SiteKind::atomic, MutationKind::plain_atomic)) {
    readable(m, lane, access);
    return writable(m, lane, access);
  }
  std::byte* at = checked(m, lane, access);
  const Stamp now = stamp(m.block_clock, m.warp->clock, access.site, lane.thread);
  GlobalCell* cells = cells_of(access, at);
  for (GlobalCell* cell = cells; cell < cells + kBytes / kGlobalCellBytes; ++cell) {
    check_written(lane, access, *cell);
    const bool atomic = (cell->write & kAtomic) != 0;
    if (!atomic) check_race(m, lane, access, now, cell->write, " adds to ", "wrote, not by an atomic");
    check_race(m, lane, access, now, cell->read, " adds to ", "read");
    if (!atomic && clock_of(cell->write) >= m.first_clock) continue;  // the block's own plain write outlives it
    cell->write = now | kAtomic | (atomic && foreign(m, cell->write) ? kBySeveral : 0);
  }
  note_traffic(m, lane, id, Path::global_atomic, kBytes, at);
  return at;
}

}  // namespace executor

namespace {
executor::Allocation& allocation_holding(const void* address, std::size_t bytes) {
  executor::Allocation* found = executor::allocation_of(address, bytes);
  if (found == nullptr)
    throw std::invalid_argument("a copy of the host that is not in one allocation of device memory");
  return *found;
}
void note_written(void* to, std::size_t bytes) {
  if (bytes == 0) return;
  executor::Allocation& allocation = allocation_holding(to, bytes);
  const auto first = static_cast<std::size_t>(static_cast<std::byte*>(to) - allocation.begin);
  const std::size_t end = (first + bytes + executor::kGlobalCellBytes - 1) / executor::kGlobalCellBytes;
  for (std::size_t cell = first / executor::kGlobalCellBytes; cell < end; ++cell) {
    allocation.cells[cell].write = executor::kByHost;
  }
}
}  // namespace

void* allocate(std::size_t bytes, const char* name) {
  auto* memory = static_cast<std::byte*>(::operator new(std::max<std::size_t>(bytes, 1), executor::kAlignment));
  std::memset(memory, 0xff, bytes);
  auto allocation = std::make_unique<executor::Allocation>();
  allocation->begin = memory;
  allocation->bytes = bytes;
  allocation->name = name;
  allocation->cells.resize((bytes + executor::kGlobalCellBytes - 1) / executor::kGlobalCellBytes);
  executor::heap().allocations.insert(executor::position_after(memory), std::move(allocation));
  return memory;
}

void release(void* memory) {
  if (memory == nullptr) return;
  const auto after = executor::position_after(memory);
  auto& all = executor::heap().allocations;
  if (after == all.begin() || (*(after - 1))->begin != memory) {
    throw std::invalid_argument("release of what was not allocated");
  }
  ::operator delete(memory, executor::kAlignment);
  all.erase(after - 1);
}

void upload(void* to, const void* from, std::size_t bytes) {
  note_written(to, bytes);
  if (bytes > 0) std::memcpy(to, from, bytes);
}
void download(void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  (void)allocation_holding(from, bytes);
  std::memcpy(to, from, bytes);
}
void fill(void* to, int byte, std::size_t bytes) {
  note_written(to, bytes);
  if (bytes > 0) std::memset(to, byte, bytes);
}
bool wholly_written(const void* from, std::size_t bytes) {
  if (bytes == 0) return true;
  const executor::Allocation& allocation = allocation_holding(from, bytes);
  const auto first = static_cast<std::size_t>(static_cast<const std::byte*>(from) - allocation.begin);
  const std::size_t end = (first + bytes + executor::kGlobalCellBytes - 1) / executor::kGlobalCellBytes;
  return std::all_of(allocation.cells.begin() + static_cast<std::ptrdiff_t>(first / executor::kGlobalCellBytes),
                     allocation.cells.begin() + static_cast<std::ptrdiff_t>(end),
                     [](const executor::GlobalCell& cell) { return cell.write != 0; });
}

}  // namespace mobasim::kernels::simt
