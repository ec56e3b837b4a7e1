#include "kernels/bench/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "kernels/bench/files.h"
#include "kernels/bench/timing.h"
#include "kernels/random.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::kernels::bench {
namespace {

constexpr std::int64_t kFewest = 6;  // of fewer, all lie on one side of the median in more than 5% of cases
// Probes that differ by more are those of another state of the machine: bench discards samples by the same tenth.
constexpr double kLeastProbeRatio = 0.9, kMostProbeRatio = 1.1;

// What two rows must share to be of one shape. Threads are not among it: that is a thing to compare.
std::string key_of(const ProfileRow& row, const std::vector<ProfileRow>& all) {
  std::string key =
      fmt::format("{}|{}|{}|{}|{}", row.operation, row.mechanism, row.implementation, row.pass, row.dtype);
  for (const std::int64_t count : {row.sequence, row.batch, row.heads, row.kv_heads, row.head_dim, row.block, row.top_k,
                                   row.window, row.m, row.n, row.k, row.hidden, row.ffn}) {
    key += fmt::format("|{}", count);
  }
  key += fmt::format("|{}", row.bytes.value());  // of memory_*
  // The peaks of one bench differ in threads alone: one thread, or all.
  if (row.operation == "fma_peak") {
    const bool more = std::any_of(all.begin(), all.end(), [&](const ProfileRow& other) {
      return other.operation == row.operation && other.dtype == row.dtype && other.threads > row.threads;
    });
    key += more ? "|one thread" : "|all threads";
  }
  return key;
}

// Of each row. A shape that stands several times, as in tables of several publications, is told apart by its count.
std::vector<std::string> keys_of(const std::vector<ProfileRow>& rows) {
  std::vector<std::string> keys;
  std::map<std::string, int> seen;
  for (const ProfileRow& row : rows) {
    keys.push_back(key_of(row, rows));
    keys.back() += fmt::format("|{}", ++seen[keys.back()]);
  }
  return keys;
}

// Logarithms of resampled medians; without samples, of a normal law with the same quartiles.
std::vector<double> resampled_medians(const ProfileRow& row, const std::vector<double>& samples, int resamples,
                                      Random& random) {
  std::vector<double> medians;
  const double deviation = standard_error(row);
  std::vector<double> drawn(samples.size());
  for (int i = 0; i < resamples; ++i) {
    if (samples.empty()) {
      medians.push_back(std::log(row.time.value()) + deviation * random.normal());
      continue;
    }
    for (double& value : drawn) {
      value = samples[static_cast<std::size_t>(random.whole(0, static_cast<std::int64_t>(samples.size()) - 1))];
    }
    medians.push_back(std::log(quantile(drawn, 0.5)));
  }
  return medians;
}

Ratio ratio_of(double value, const std::vector<double>& logarithms) {
  return {value, std::min(value, std::exp(quantile(logarithms, 0.025))),
          std::max(value, std::exp(quantile(logarithms, 0.975)))};
}

std::vector<std::string> sources(const Measurements& measurements) {
  std::vector<std::string> found;
  for (const ProfileRow& row : measurements.rows) {
    if (std::find(found.begin(), found.end(), row.source) == found.end()) found.push_back(row.source);
  }
  return found;
}

std::vector<std::string> differences(const Measurements& a, const Measurements& b) {
  std::vector<std::string> found;
  if (a.provenance.empty() || b.provenance.empty()) {
    if (sources(a) != sources(b)) {
      found.push_back(fmt::format("sources differ: {} and {}", joined(sources(a), " / "), joined(sources(b), " / ")));
    }
    return found;
  }
  for (const char* field :
       {"cpu_model", "gpu", "processors", "threads", "affinity", "openmp", "instruction_set", "governor", "frequency",
        "boost", "smt", "system", "compiler", "products", "kernels", "driver"}) {
    const auto left = a.provenance.find(field), right = b.provenance.find(field);
    const std::string first = left == a.provenance.end() ? "" : left->second;
    const std::string second = right == b.provenance.end() ? "" : right->second;
    if (first != second) found.push_back(fmt::format("{} differ: {} and {}", field, first, second));
  }
  return found;
}

// Whether a row without its samples says how far these lay apart: published ones have no count (0) or one time only.
bool has_spread(const ProfileRow& row) { return standard_error(row) > 0; }

std::string interval_kind(const Comparison& row, bool has_samples, bool have_spread) {
  for (const std::int64_t count : {row.samples_a, row.samples_b}) {
    if (count > 0 && count < kFewest) return "few_samples";
  }
  return has_samples ? "bootstrap" : have_spread ? "quartiles" : "no_spread";
}

// Why the times of two rows cannot be held against each other; empty where they can.
std::string machine_trouble(const ProfileRow& a, const ProfileRow& b, double probe_ratio) {
  if (disturbed(a) || disturbed(b)) return "disturbed";
  // The probe runs on all threads of its bench: of different ones it does not tell the state of the machine.
  const bool known = probe_ratio > 0 && a.threads == b.threads;
  if (known && (probe_ratio < kLeastProbeRatio || probe_ratio > kMostProbeRatio)) return "machine_differed";
  return "";
}

// What a row of A and its like of B come to. `logarithms` are those of resampled ratios.
Comparison comparison(const ProfileRow& a, const ProfileRow& b, bool has_samples, const std::vector<double>& logarithms,
                      double tolerance) {
  Comparison row;
  row.row = a;
  row.samples_a = a.samples;
  row.samples_b = b.samples;
  row.time_a = a.time;
  row.time_b = b.time;
  row.ratio.value = b.time / a.time;
  row.interval = interval_kind(row, has_samples, has_spread(a) && has_spread(b));
  const bool without = row.interval == "few_samples" || row.interval == "no_spread";
  if (!without) row.ratio = ratio_of(row.ratio.value, logarithms);
  if (a.probe > FlopRate(0)) row.probe_ratio = b.probe / a.probe;
  row.why = machine_trouble(a, b, row.probe_ratio);
  row.in_mean = row.why.empty() && !without;
  row.verdict = row.in_mean ? verdict_of(row.ratio, tolerance) : Verdict::ambiguous;
  if (row.why.empty() && row.verdict == Verdict::ambiguous) row.why = without ? row.interval : "wide_interval";
  return row;
}

Comparison alone(const ProfileRow& of, Verdict verdict) {
  Comparison row;
  row.row = of;
  row.verdict = verdict;
  (verdict == Verdict::only_in_a ? row.samples_a : row.samples_b) = of.samples;
  (verdict == Verdict::only_in_a ? row.time_a : row.time_b) = of.time;
  return row;
}

std::string mean_in_words(const CompareResult& result) {
  if (result.in_mean == 0) return "no geometric mean: no shape has an interval and a machine in the same state";
  return fmt::format("geometric mean of B / A {:.4f} ({:.4f} to {:.4f}), of {} of {}", result.mean.value,
                     result.mean.lo, result.mean.hi, result.in_mean, result.compared);
}

}  // namespace

const char* name(Verdict verdict) {
  switch (verdict) {
    case Verdict::faster:
      return "faster";
    case Verdict::slower:
      return "slower";
    case Verdict::same:
      return "same";
    case Verdict::ambiguous:
      return "ambiguous";
    case Verdict::only_in_a:
      return "only_in_a";
    case Verdict::only_in_b:
      return "only_in_b";
  }
  return "";
}

Verdict verdict_of(const Ratio& ratio, double tolerance) {
  if (ratio.lo >= 1 / (1 + tolerance) && ratio.hi <= 1 + tolerance) return Verdict::same;
  if (ratio.lo > 1) return Verdict::slower;
  if (ratio.hi < 1) return Verdict::faster;
  return Verdict::ambiguous;
}

CompareResult compared(const Measurements& a, const Measurements& b, const CompareOptions& options) {
  if (!(options.tolerance >= 0 && options.tolerance <= 1)) {
    throw ConfigError(fmt::format("a tolerance is a number from 0 to 1, not {}", options.tolerance));
  }
  CompareResult result;
  std::map<std::string, std::size_t> in_b;
  const std::vector<std::string> keys_a = keys_of(a.rows), keys_b = keys_of(b.rows);
  for (std::size_t i = 0; i < b.rows.size(); ++i) in_b[keys_b[i]] = i;
  Random random(options.seed);
  std::vector<double> sums(static_cast<std::size_t>(options.resamples), 0);
  double sum = 0;
  for (std::size_t i = 0; i < a.rows.size(); ++i) {
    const auto found = in_b.find(keys_a[i]);
    if (found == in_b.end()) {
      result.rows.push_back(alone(a.rows[i], Verdict::only_in_a));
      continue;
    }
    const std::size_t j = found->second;
    const auto first = resampled_medians(a.rows[i], a.samples[i], options.resamples, random);
    auto logarithms = resampled_medians(b.rows[j], b.samples[j], options.resamples, random);
    for (std::size_t r = 0; r < logarithms.size(); ++r) logarithms[r] -= first[r];
    const bool has_samples = !a.samples[i].empty() && !b.samples[j].empty();
    result.rows.push_back(comparison(a.rows[i], b.rows[j], has_samples, logarithms, options.tolerance));
    ++result.compared;
    in_b.erase(found);
    if (!result.rows.back().in_mean) continue;
    ++result.in_mean;
    sum += std::log(result.rows.back().ratio.value);
    for (std::size_t r = 0; r < logarithms.size(); ++r) sums[r] += logarithms[r];
  }
  if (result.compared == 0) {
    throw ConfigError(fmt::format("{} and {} have no shape in common", a.file.string(), b.file.string()));
  }
  for (std::size_t i = 0; i < b.rows.size(); ++i) {
    if (in_b.contains(keys_b[i])) result.rows.push_back(alone(b.rows[i], Verdict::only_in_b));
  }
  if (result.in_mean > 0) {
    const double count = static_cast<double>(result.in_mean);
    for (double& logarithm : sums) logarithm /= count;
    result.mean = ratio_of(std::exp(sum / count), sums);
  }
  result.warnings = a.warnings;
  result.warnings.insert(result.warnings.end(), b.warnings.begin(), b.warnings.end());
  const std::vector<std::string> differing = differences(a, b);
  result.warnings.insert(result.warnings.end(), differing.begin(), differing.end());
  return result;
}

Table comparison_table(const CompareResult& result) {
  Table table{{"operation", "shape", "implementation", "time_a_s", "time_b_s", "samples_a", "samples_b", "ratio",
               "ratio_lo", "ratio_hi", "interval", "probe_ratio", "verdict", "why"},
              {}};
  const auto unless_zero = [](auto value) { return value == decltype(value){} ? Cell{} : Cell{value}; };
  for (const Comparison& row : result.rows) {
    table.rows.push_back({row.row.operation, shape(row.row), row.row.implementation, unless_zero(row.time_a.value()),
                          unless_zero(row.time_b.value()), unless_zero(row.samples_a), unless_zero(row.samples_b),
                          unless_zero(row.ratio.value), unless_zero(row.ratio.lo), unless_zero(row.ratio.hi),
                          row.interval, unless_zero(row.probe_ratio), std::string(name(row.verdict)), row.why});
  }
  return table;
}

std::string comparison_summary(const CompareResult& result, const CompareOptions& options) {
  const auto count = [&](Verdict verdict) {
    return std::count_if(result.rows.begin(), result.rows.end(),
                         [&](const Comparison& row) { return row.verdict == verdict; });
  };
  return fmt::format("{} shapes: {} faster, {} slower, {} same within {:.3g}%, {} ambiguous; {}", result.compared,
                     count(Verdict::faster), count(Verdict::slower), count(Verdict::same), 100 * options.tolerance,
                     count(Verdict::ambiguous), mean_in_words(result));
}

}  // namespace mobasim::kernels::bench
