// Two benches beside each other: for each shape that both timed, how many times as long the second took, how sure that
// is, and what follows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "sim/base/profile.h"
#include "sim/base/table.h"

namespace mobasim::kernels::bench {

// A profile with the samples of its rows, where there are any.
struct Measurements {
  std::filesystem::path file;
  std::vector<ProfileRow> rows;
  std::vector<std::vector<double>> samples;       // of each row, the kept ones; empty: not known
  std::map<std::string, std::string> provenance;  // its fields as they are written; empty: not known
  std::vector<std::string> warnings;              // what is beside the profile and of no use
};
// NAME.profile.csv and, where they are there, NAME.samples.csv and NAME.provenance.json beside it. Throws ConfigError,
// also where the two do not belong together. A provenance that is not as bench writes it is a warning.
[[nodiscard]] Measurements measurements_from(const std::filesystem::path& profile);

// The one file of a folder that ends with .profile.csv. Throws ConfigError where there is none, or several.
[[nodiscard]] std::filesystem::path profile_in(const std::filesystem::path& folder);

struct CompareOptions {
  double tolerance = 0.02;  // ratios from 1 / (1 + tolerance) to 1 + tolerance are the same
  int resamples = 2000;
  std::uint64_t seed = 1;
};

enum class Verdict { faster, slower, same, ambiguous, only_in_a, only_in_b };
[[nodiscard]] const char* name(Verdict verdict);

struct Ratio {
  double value = 0, lo = 0, hi = 0;  // B / A of the medians, with a 95% interval; lo and hi 0: none
};
// same: the whole interval is within the tolerance. Else slower or faster: it does not hold 1. Else ambiguous.
[[nodiscard]] Verdict verdict_of(const Ratio& ratio, double tolerance);

struct Comparison {
  ProfileRow row;  // of A; of B where only B has the shape
  std::int64_t samples_a = 0, samples_b = 0;
  Seconds time_a, time_b;
  Ratio ratio;             // none for only_in_a and only_in_b
  std::string interval;    // how it was found: bootstrap, quartiles, few_samples, no_spread
  double probe_ratio = 0;  // B / A of the multiply-adds beside the samples; 0: not known
  Verdict verdict = Verdict::ambiguous;
  // Of an ambiguous one: disturbed (a row's sampling), machine_differed (probe_ratio outside 0.9 to 1.1 with as many
  // threads), few_samples, no_spread, wide_interval.
  std::string why;
  bool in_mean = false;  // it has an interval, and the machine was the same
};

struct CompareResult {
  std::vector<Comparison> rows;  // in A's order, then those of B alone
  std::int64_t compared = 0, in_mean = 0;
  Ratio mean;                         // geometric, of those in_mean; none of none
  std::vector<std::string> warnings;  // what could not be read, and what differs of machine, compiler, libraries
};

// The interval of a ratio is that of a bootstrap of both medians (percentiles, a fixed seed), at least 6 samples each;
// of the quartiles where there are no samples. Throws ConfigError where no shape is in both, and for a tolerance that
// is not from 0 to 1.
[[nodiscard]] CompareResult compared(const Measurements& a, const Measurements& b, const CompareOptions& options);

[[nodiscard]] Table comparison_table(const CompareResult& result);
// How many shapes have which verdict, and the mean.
[[nodiscard]] std::string comparison_summary(const CompareResult& result, const CompareOptions& options);

}  // namespace mobasim::kernels::bench
