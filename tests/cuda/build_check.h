// The rules for registers and spills. Whatever nvcc compiled it, no kernel keeps an array in local memory, and none
// spills more than kMostSpillBytes. What a kernel spills less than that is written down in kernels/cuda/spills.csv,
// with the reason, for each nvcc.
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
  std::string nvcc;  // as 13.0.88
  std::string kernel;
  int architecture = 0;
  int bytes = 0;  // stored or loaded, the greater
  std::string reason;
};

inline std::vector<AllowedSpill> allowed_spills(const CsvTable& table) {
  std::vector<AllowedSpill> allowed;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    allowed.push_back({std::string(table.text(row, table.column("nvcc"))),
                       std::string(table.text(row, table.column("kernel"))),
                       static_cast<int>(table.whole_number(row, table.column("architecture"))),
                       static_cast<int>(table.whole_number(row, table.column("spill_bytes"))),
                       std::string(table.text(row, table.column("reason")))});
  }
  return allowed;
}

inline int spilled_bytes(const CompiledKernel& kernel) {
  return std::max(kernel.spill_stores_bytes, kernel.spill_loads_bytes);
}

inline std::string place_of(const std::string& kernel, int architecture) {
  return kernel + " for sm_" + std::to_string(architecture) + ": ";
}

// One line for each kernel that no nvcc may make.
inline std::string kernel_violations(const std::vector<CompiledKernel>& kernels) {
  std::string lines;
  for (const CompiledKernel& kernel : kernels) {
    const std::string place = place_of(kernel.name, kernel.architecture);
    // Spills have their slots on the stack, in whole steps of 8 bytes; what is there beyond them is an array.
    if (kernel.stack_bytes > (kernel.spill_stores_bytes + 7) / 8 * 8) {
      lines += place + std::to_string(kernel.stack_bytes) + " bytes of stack: an array in local memory\n";
    }
    if (spilled_bytes(kernel) > kMostSpillBytes) {
      lines += place + std::to_string(spilled_bytes(kernel)) + " bytes spilled, more than " +
               std::to_string(kMostSpillBytes) + "\n";
    }
  }
  return lines;
}

// One line for each row of the table that may not stand there.
inline std::string table_violations(const std::vector<AllowedSpill>& table) {
  std::string lines;
  for (const AllowedSpill& row : table) {
    const std::string place = "spills.csv: " + place_of(row.kernel, row.architecture);
    if (row.bytes > kMostSpillBytes) lines += place + "more than " + std::to_string(kMostSpillBytes) + " bytes\n";
    if (row.reason.empty()) lines += place + "no reason is given\n";
  }
  return lines;
}

struct SpillCheck {
  std::string nvcc;         // whose rows the kernels were held against
  std::string differences;  // one line each: a kernel that spills more than its row has, a row without its kernel
};

// Of kernels that `nvcc` compiled: against its rows, or where the table does not know it, against those written last.
inline SpillCheck spill_check(const std::vector<CompiledKernel>& kernels, const std::string& nvcc,
                              const std::vector<AllowedSpill>& table) {
  const auto is_known = [&](const AllowedSpill& row) { return row.nvcc == nvcc; };
  SpillCheck check;
  if (!table.empty()) check.nvcc = std::any_of(table.begin(), table.end(), is_known) ? nvcc : table.back().nvcc;
  const auto is_row_of = [&](const AllowedSpill& row, const CompiledKernel& kernel) {
    return row.nvcc == check.nvcc && row.kernel == kernel.name && row.architecture == kernel.architecture;
  };
  std::set<int> architectures;
  for (const CompiledKernel& kernel : kernels) {
    architectures.insert(kernel.architecture);
    const auto row = std::find_if(table.begin(), table.end(), [&](const auto& at) { return is_row_of(at, kernel); });
    const int most = row == table.end() ? 0 : row->bytes;
    if (spilled_bytes(kernel) > most) {
      check.differences += place_of(kernel.name, kernel.architecture) + std::to_string(spilled_bytes(kernel)) +
                           " bytes spilled, " + std::to_string(most) + " written down\n";
    }
  }
  for (const AllowedSpill& row : table) {
    if (row.nvcc != check.nvcc || !architectures.contains(row.architecture)) continue;
    if (std::none_of(kernels.begin(), kernels.end(), [&](const auto& kernel) { return is_row_of(row, kernel); })) {
      check.differences += "spills.csv: " + place_of(row.kernel, row.architecture) + "there is no such kernel\n";
    }
  }
  return check;
}

}  // namespace mobasim::tests
