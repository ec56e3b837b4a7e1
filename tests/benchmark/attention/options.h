// What attention_benchmark is asked for on its command line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "kernels/dtype.h"

namespace mobasim::benchmark {

struct Options {
  std::vector<int> threads = {1};
  std::vector<kernels::Dtype> dtypes = {kernels::Dtype::f32};
  std::vector<std::int64_t> lengths, dims = {64, 128};
  std::int64_t heads = 0;  // 0: as many as threads
  int rounds = 15;
  double seconds = 25;  // a shape: no round begins later, but three are run
  enum class Format { csv, table, markdown } format = Format::csv;
  std::vector<std::filesystem::path> from;  // times nothing: reads what earlier runs wrote as CSV
  bool moba = true, openblas = true, onednn = true;
  bool quick = false;  // looks whether everything agrees; times mean nothing
  bool help = false;
};

// Throws ConfigError.
[[nodiscard]] Options options_of(int count, const char* const* arguments);
[[nodiscard]] std::string usage();

}  // namespace mobasim::benchmark
