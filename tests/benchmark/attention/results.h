// What comparisons come to: a time, its rate, and each ratio with an interval, one implementation and pass a row.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/table.h"
#include "tests/benchmark/attention/comparison.h"

namespace mobasim::benchmark {

// The median, and an interval that holds the median of all such rounds with 95% probability whatever their
// distribution (order statistics: David and Nagaraja 2003, section 7.1); all of them where there are fewer than six.
struct Estimate {
  double median = 0, lo = 0, hi = 0;
};
[[nodiscard]] Estimate estimate(std::vector<double> values);

struct Result {
  std::string dtype;
  std::int64_t threads = 1, heads = 1, head_dim = 64, sequence = 0;
  std::int64_t block = 0, top_k = 0;  // 0: full attention
  std::string pass, implementation;   // as name(Pass) and Timed have them
  std::string tiles;
  std::int64_t rounds = 0;
  Estimate time_s;  // quartiles
  double flop_per_s = 0;
  // Round by round; of full attention, and of the forward pass of a library over that of the kernels, and so on.
  std::optional<double> peak_flop_per_s, useful_peak_fraction;
  std::optional<Estimate> peak_fraction, over_openblas, over_onednn;
  std::optional<Estimate> speed_up;  // MoBA over full attention
  std::optional<double> flop_ratio;
};

[[nodiscard]] std::vector<Result> results(const Comparison& comparison);
[[nodiscard]] Table table_of(const std::vector<Result>& results);
// What table_of wrote as CSV. Throws ConfigError.
[[nodiscard]] std::vector<Result> results_in(const std::filesystem::path& csv);

}  // namespace mobasim::benchmark
