// Times this machine: attention (full and MoBA, forward and backward), matrix products, memory copies and the peak of
// its multiply-adds. What comes out is a device as the simulator reads it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/machine.h"
#include "sim/base/profile.h"

namespace mobasim::kernels {

struct BenchOptions {
  Seconds budget{60};
  int threads = 0;  // 0: as many as OpenMP would use
  std::uint64_t seed = 1;
  std::function<bool()> stop = [] { return false; };  // asked between two samples
  std::function<void(const std::string&)> progress = [](const std::string&) {};
};

struct BenchResult {
  Machine machine;
  int threads = 1;
  std::string instruction_set;               // of the CPU kernels
  std::vector<ProfileRow> rows;              // in the order of the case table
  std::vector<std::vector<double>> samples;  // of each row, in the order taken
  FlopRate peak_f32;                         // the greatest of the probes: a peak is what the machine can do
  ByteRate memory_bandwidth;                 // measured, of the largest copies: bytes read and written
  Bytes input_pool;                          // inputs rotate over this much memory
  std::vector<std::string> left_out;         // shapes that the budget did not reach
  std::vector<FlopRate> peak_probes;         // through the run: how steady the clock was
  Seconds spent;
  bool stopped = false;  // options.stop said so: the result is not complete
};

// Throws ConfigError for a budget below least_budget().
[[nodiscard]] BenchResult bench(const BenchOptions& options);
[[nodiscard]] Seconds least_budget();

// (greatest - least) / greatest of the peak probes.
[[nodiscard]] double clock_drift(const BenchResult& result);

}  // namespace mobasim::kernels
