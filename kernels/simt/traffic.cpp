#include "kernels/simt/traffic.h"

#include <algorithm>
#include <bit>

namespace mobasim::kernels::simt {
namespace {

void add(SharedTraffic& sum, const SharedTraffic& more) {
  sum.bytes += more.bytes;
  sum.instructions += more.instructions;
  sum.passes += more.passes;
  sum.ideal_passes += more.ideal_passes;
}
void add(GlobalTraffic& sum, const GlobalTraffic& more) {
  sum.bytes += more.bytes;
  sum.instructions += more.instructions;
  sum.sectors += more.sectors;
}

}  // namespace

Counters& Counters::operator+=(const Counters& other) {
  launches += other.launches;
  blocks += other.blocks;
  mma += other.mma;
  ldmatrix += other.ldmatrix;
  block_barriers += other.block_barriers;
  warp_barriers += other.warp_barriers;
  copies += other.copies;
  copied_bytes += other.copied_bytes;
  atomics += other.atomics;
  add(shared_loads, other.shared_loads);
  add(shared_stores, other.shared_stores);
  add(shared_copies, other.shared_copies);
  add(global_loads, other.global_loads);
  add(global_stores, other.global_stores);
  add(global_copies, other.global_copies);
  add(global_atomics, other.global_atomics);
  return *this;
}

namespace executor {

void Traffic::add(int lane, SiteId site, Path path, int bytes, std::uint64_t address) {
  std::uint32_t& cursor = cursor_[lane];
  const std::uint32_t bit = 1u << lane;
  std::size_t at = cursor;
  while (at < used_ && (instructions_[at].site != site || instructions_[at].path != path ||
                        instructions_[at].bytes != bytes || (instructions_[at].lanes & bit) != 0)) {
    ++at;
  }
  if (at == used_) {
    if (used_ == instructions_.size()) instructions_.emplace_back();
    Instruction& fresh = instructions_[used_++];
    fresh.site = site;
    fresh.path = path;
    fresh.bytes = static_cast<std::uint8_t>(bytes);
    fresh.lanes = 0;
  }
  instructions_[at].lanes |= bit;
  instructions_[at].address[lane] = address;
  cursor = static_cast<std::uint32_t>(at + 1);
}

void Traffic::clear() {
  used_ = 0;
  std::fill(std::begin(cursor_), std::end(cursor_), 0u);
}

namespace {

void count(Counters& counters, const Instruction& instruction) {
  const bool shared = instruction.path <= Path::shared_copy;
  if (shared) {
    const SharedTraffic traffic = shared_traffic(instruction.address, instruction.lanes, instruction.bytes);
    simt::add(instruction.path == Path::shared_load    ? counters.shared_loads
              : instruction.path == Path::shared_store ? counters.shared_stores
                                                       : counters.shared_copies,
              traffic);
    return;
  }
  const GlobalTraffic traffic = global_traffic(instruction.address, instruction.lanes, instruction.bytes);
  simt::add(instruction.path == Path::global_load    ? counters.global_loads
            : instruction.path == Path::global_store ? counters.global_stores
            : instruction.path == Path::global_copy  ? counters.global_copies
                                                     : counters.global_atomics,
            traffic);
}

constexpr int kBanks = 32, kBankBytes = 4, kSectorBytes = 32;

// The words that a phase of lanes touches, once each; passes are the most words of one bank.
struct Banks {
  std::uint64_t words[kBanks][kWarp] = {};
  int count[kBanks] = {};
  int passes = 0;
  void touch(std::uint64_t word) {
    const auto bank = static_cast<int>(word % kBanks);
    for (int i = 0; i < count[bank]; ++i) {
      if (words[bank][i] == word) return;
    }
    words[bank][count[bank]++] = word;
    passes = std::max(passes, count[bank]);
  }
  void clear() {
    std::fill(std::begin(count), std::end(count), 0);
    passes = 0;
  }
};

}  // namespace

SharedTraffic shared_traffic(const std::uint64_t* address, std::uint32_t lanes, int bytes) {
  SharedTraffic traffic;
  traffic.bytes = std::int64_t{bytes} * std::popcount(lanes);
  traffic.instructions = 1;
  const int words = std::max(bytes / kBankBytes, 1), phase_lanes = kWarp / words;
  thread_local Banks banks;
  for (int first = 0; first < kWarp; first += phase_lanes) {
    banks.clear();
    for (int lane = first; lane < first + phase_lanes; ++lane) {
      if ((lanes >> lane & 1u) == 0) continue;
      for (int word = 0; word < words; ++word) banks.touch(address[lane] / kBankBytes + static_cast<unsigned>(word));
    }
    traffic.passes += banks.passes;
    traffic.ideal_passes += banks.passes > 0 ? 1 : 0;
  }
  return traffic;
}

GlobalTraffic global_traffic(const std::uint64_t* address, std::uint32_t lanes, int bytes) {
  GlobalTraffic traffic;
  traffic.bytes = std::int64_t{bytes} * std::popcount(lanes);
  traffic.instructions = 1;
  std::uint64_t sectors[kWarp];
  int count = 0;
  for (int lane = 0; lane < kWarp; ++lane) {
    if ((lanes >> lane & 1u) != 0) sectors[count++] = address[lane] / kSectorBytes;
  }
  if (!std::is_sorted(sectors, sectors + count)) std::sort(sectors, sectors + count);
  traffic.sectors = std::unique(sectors, sectors + count) - sectors;
  return traffic;
}

void Traffic::flush(Counters& counters) {
  for (std::size_t i = 0; i < used_; ++i) count(counters, instructions_[i]);
  clear();
}

}  // namespace executor
}  // namespace mobasim::kernels::simt
