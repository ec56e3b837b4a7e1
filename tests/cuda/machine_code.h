// The machine code of the kernels in an object file that nvcc made: cubins are ELF files of their own in it (EM_CUDA,
// 190), each kernel a section .text.SYMBOL of instructions of 16 bytes, whose lowest 12 bits are the opcode. Opcodes
// and the offset of a branch as in compute capability 8.0.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/cuda/compiled_kernels.h"

namespace mobasim::tests {

struct MachineCode {
  std::string name;  // as in CompiledKernel
  int instructions = 0, mma = 0;
  // The loop whose body has the most mma, and of those the shortest: where the tiles without a mask are multiplied.
  int loop_instructions = 0, loop_mma = 0;
};

namespace machine_code_detail {

constexpr std::uint64_t kMma = 0x23c, kBranch = 0x947;  // HMMA, BRA

template <class T>
T read_at(std::string_view bytes, std::size_t at) {
  if (at + sizeof(T) > bytes.size()) throw std::runtime_error("a cubin ends too early");
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

struct Section {
  std::string name;
  std::string_view content;
};

// Of an ELF file of 64 bits that begins `bytes`; sections that have no content in the file are left out.
inline std::vector<Section> sections_of(std::string_view bytes) {
  struct Header {
    std::uint32_t name, type;
    std::uint64_t flags, address, offset, size;
  };
  const auto table = read_at<std::uint64_t>(bytes, 40);
  const auto entry = read_at<std::uint16_t>(bytes, 58), count = read_at<std::uint16_t>(bytes, 60);
  const auto header = [&](std::size_t i) { return read_at<Header>(bytes, table + i * entry); };
  const Header names = header(read_at<std::uint16_t>(bytes, 62));
  std::vector<Section> sections;
  constexpr std::uint32_t kNoContent = 8;
  for (std::size_t i = 0; i < count; ++i) {
    const Header at = header(i);
    if (at.type == kNoContent) continue;
    if (at.offset + at.size > bytes.size()) throw std::runtime_error("a section of a cubin ends too late");
    sections.push_back({std::string(bytes.data() + names.offset + at.name), bytes.substr(at.offset, at.size)});
  }
  return sections;
}

inline MachineCode code_of(const std::string& symbol, std::string_view content) {
  struct Instruction {
    std::uint64_t low, high;
  };
  std::vector<Instruction> code(content.size() / sizeof(Instruction));
  std::memcpy(code.data(), content.data(), code.size() * sizeof(Instruction));
  MachineCode found{without_element(kernel_of_symbol(symbol))};
  found.instructions = static_cast<int>(code.size());
  std::vector<int> mma_before = {0};
  for (const Instruction& at : code) mma_before.push_back(mma_before.back() + ((at.low & 0xfff) == kMma));
  found.mma = mma_before.back();
  for (std::size_t i = 0; i < code.size(); ++i) {
    if ((code[i].low & 0xfff) != kBranch) continue;
    const std::uint64_t bits = code[i].low >> 32 | (code[i].high & 0x3ffff) << 32;  // 50 bits, signed, in bytes
    const auto offset = static_cast<std::int64_t>(bits << 14) >> 14;
    const std::int64_t target = static_cast<std::int64_t>(i) + 1 + offset / 16;
    if (target < 0 || target > static_cast<std::int64_t>(i)) continue;  // forwards: no loop
    const int mma = mma_before[i + 1] - mma_before[static_cast<std::size_t>(target)];
    const int length = static_cast<int>(static_cast<std::int64_t>(i) + 1 - target);
    if (mma > found.loop_mma || (mma == found.loop_mma && mma > 0 && length < found.loop_instructions)) {
      found.loop_mma = mma;
      found.loop_instructions = length;
    }
  }
  return found;
}

}  // namespace machine_code_detail

// The kernels of the cubins for compute capability 8.0 in the bytes of an object file.
inline std::vector<MachineCode> machine_code(std::string_view bytes) {
  using namespace machine_code_detail;
  constexpr std::uint16_t kCubin = 190;
  constexpr std::string_view kText = ".text.";
  std::vector<MachineCode> kernels;
  for (std::size_t at = 0; (at = bytes.find("\x7f"
                                            "ELF",
                                            at)) != std::string_view::npos;
       ++at) {
    const std::string_view file = bytes.substr(at);
    if (file.size() < 64 || read_at<std::uint16_t>(file, 18) != kCubin) continue;
    if ((read_at<std::uint32_t>(file, 48) >> 8 & 0xff) != 80) continue;  // the architecture, in the flags
    for (const Section& section : sections_of(file)) {
      if (!section.name.starts_with(kText)) continue;
      kernels.push_back(code_of(section.name.substr(kText.size()), section.content));
    }
  }
  return kernels;
}

}  // namespace mobasim::tests
