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
  if (line_of_.empty()) line_of_.resize(std::size_t{kSites} * kPaths);
  const std::size_t key = std::size_t{site} * kPaths + static_cast<std::size_t>(path);
  if (line_of_[key] == 0) {
    if (used_ == lines_.size()) lines_.emplace_back();
    Line& fresh = lines_[used_++];
    fresh.key = key;
    fresh.path = path;
    line_of_[key] = static_cast<std::uint16_t>(used_);
  }
  Line& line = lines_[line_of_[key] - 1u];
  const std::uint32_t occurrence = line.occurrences[lane]++;
  if (occurrence == line.used) {
    if (line.used == line.instructions.size()) line.instructions.emplace_back();
    line.instructions[line.used].lanes = 0;
    ++line.used;
  }
  Instruction& instruction = line.instructions[occurrence];
  instruction.bytes = bytes;
  instruction.lanes |= 1u << lane;
  instruction.address[lane] = address;
}

void Traffic::clear() {
  for (std::size_t i = 0; i < used_; ++i) {
    Line& line = lines_[i];
    line_of_[line.key] = 0;
    line.used = 0;
    std::fill(std::begin(line.occurrences), std::end(line.occurrences), 0u);
  }
  used_ = 0;
}

void Traffic::count(Counters& counters, Path path, const Instruction& instruction) {
  if (path <= Path::shared_copy) {
    simt::add(path == Path::shared_load    ? counters.shared_loads
              : path == Path::shared_store ? counters.shared_stores
                                           : counters.shared_copies,
              shared_traffic(instruction.address, instruction.lanes, instruction.bytes));
  } else {
    simt::add(path == Path::global_load    ? counters.global_loads
              : path == Path::global_store ? counters.global_stores
              : path == Path::global_copy  ? counters.global_copies
                                           : counters.global_atomics,
              global_traffic(instruction.address, instruction.lanes, instruction.bytes));
  }
}

namespace {

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
  for (std::size_t i = 0; i < used_; ++i) {
    for (std::uint32_t n = 0; n < lines_[i].used; ++n) count(counters, lines_[i].path, lines_[i].instructions[n]);
  }
  clear();
}

}  // namespace executor
}  // namespace mobasim::kernels::simt
