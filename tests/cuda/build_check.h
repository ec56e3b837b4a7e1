// The rule for registers and spills: what a kernel spills is written down in kernels/cuda/spills.csv, with the reason,
// and no kernel keeps an array in local memory.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "sim/base/csv.h"
#include "tests/cuda/compiled_kernels.h"

namespace mobasim::tests {

constexpr int kMostSpillBytes = 100;

struct AllowedSpill {
  std::string kernel;
  int architecture = 0;
  int bytes = 0;  // stored or loaded, the greater
  std::string reason;
};

inline std::vector<AllowedSpill> allowed_spills(const CsvTable& table) {
  std::vector<AllowedSpill> allowed;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    allowed.push_back({std::string(table.text(row, table.column("kernel"))),
                       static_cast<int>(table.whole_number(row, table.column("architecture"))),
                       static_cast<int>(table.whole_number(row, table.column("spill_bytes"))),
                       std::string(table.text(row, table.column("reason")))});
  }
  return allowed;
}

// One line for each rule that is broken.
inline std::string build_violations(const std::vector<CompiledKernel>& kernels,
                                    const std::vector<AllowedSpill>& allowed) {
  std::string lines;
  const auto same = [](const AllowedSpill& row, const CompiledKernel& kernel) {
    return row.kernel == kernel.name && row.architecture == kernel.architecture;
  };
  std::set<int> architectures;
  for (const CompiledKernel& kernel : kernels) {
    architectures.insert(kernel.architecture);
    const std::string place = kernel.name + " for sm_" + std::to_string(kernel.architecture) + ": ";
    const auto row = std::find_if(allowed.begin(), allowed.end(), [&](const auto& at) { return same(at, kernel); });
    const int most = row == allowed.end() ? 0 : row->bytes;
    const int spilled = std::max(kernel.spill_stores_bytes, kernel.spill_loads_bytes);
    if (spilled > most) {
      lines += place + std::to_string(spilled) + " bytes spilled, " + std::to_string(most) + " written down\n";
    }
    // Spills have their slots on the stack, in whole steps of 8 bytes; what is there beyond them is an array.
    if (kernel.stack_bytes > (kernel.spill_stores_bytes + 7) / 8 * 8) {
      lines += place + std::to_string(kernel.stack_bytes) + " bytes of stack: an array in local memory\n";
    }
  }
  for (const AllowedSpill& row : allowed) {
    const std::string place = "spills.csv: " + row.kernel + " for sm_" + std::to_string(row.architecture) + ": ";
    if (row.bytes > kMostSpillBytes) lines += place + "more than " + std::to_string(kMostSpillBytes) + " bytes\n";
    if (row.reason.empty()) lines += place + "no reason is given\n";
    const bool there =
        std::any_of(kernels.begin(), kernels.end(), [&](const auto& kernel) { return same(row, kernel); });
    if (!there && architectures.contains(row.architecture)) lines += place + "there is no such kernel\n";
  }
  return lines;
}

}  // namespace mobasim::tests
