#include "kernels/bench_compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "kernels/bench_files.h"
#include "kernels/random.h"
#include "kernels/timing.h"
#include "sim/base/csv.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mobasim::kernels {
namespace {

constexpr std::size_t kFewest = 6;  // of fewer, all lie on one side of the median in more than 5% of cases

// What two rows must share to be of one shape. Threads are not among it: that is a thing to compare.
std::string key_of(const ProfileRow& row, const std::vector<ProfileRow>& all) {
  std::string key =
      fmt::format("{}|{}|{}|{}|{}", row.operation, row.mechanism, row.implementation, row.pass, row.dtype);
  for (const std::int64_t count : {row.sequence, row.batch, row.heads, row.kv_heads, row.head_dim, row.block, row.top_k,
                                   row.window, row.m, row.n, row.k}) {
    key += fmt::format("|{}", count);
  }
  if (row.operation.starts_with("memory")) key += fmt::format("|{}", row.bytes.value());
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

// Logarithms of resampled medians; without samples, of a normal law with the same quartiles: the interval of a median
// is then 1.2533 / sqrt(n) of a standard deviation (its large-sample standard error for normal samples).
std::vector<double> resampled_medians(const ProfileRow& row, const std::vector<double>& samples, int resamples,
                                      Random& random) {
  std::vector<double> medians;
  const double count = static_cast<double>(std::max<std::int64_t>(row.samples, 1));
  const double deviation = (row.time_hi - row.time_lo) / row.time / 1.349 * 1.2533 / std::sqrt(count);
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

// Fields of a provenance file as bench writes it: one a line.
std::map<std::string, std::string> fields_of(const std::string& json) {
  std::map<std::string, std::string> fields;
  std::istringstream stream(json);
  for (std::string line; std::getline(stream, line);) {
    const std::size_t first = line.find('"'), last = line.find("\": ");
    if (first == std::string::npos || last == std::string::npos || last <= first) continue;
    std::string value = line.substr(last + 3);
    if (value.ends_with(',')) value.pop_back();
    fields[line.substr(first + 1, last - first - 1)] = value;
  }
  return fields;
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

std::string interval_kind(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.empty() || b.empty()) return "quartiles";
  return std::min(a.size(), b.size()) < kFewest ? "few_samples" : "bootstrap";
}

}  // namespace

Measurements measurements_from(const std::filesystem::path& profile) {
  Measurements out{profile, read_profile(profile), {}, {}};
  out.samples.resize(out.rows.size());
  const std::string ending = ".profile.csv", text = profile.string();
  if (!text.ends_with(ending)) return out;
  const std::string stem = text.substr(0, text.size() - ending.size());
  if (std::filesystem::exists(stem + ".provenance.json"))
    out.provenance = fields_of(text_of_file(stem + ".provenance.json"));
  const std::filesystem::path beside = stem + ".samples.csv";
  if (!std::filesystem::exists(beside)) return out;
  const CsvTable table = CsvTable::read(beside);
  const std::size_t row = table.column("row"), time = table.column("time_s");
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const std::int64_t number = table.whole_number(i, row);
    if (number < 1 || number > static_cast<std::int64_t>(out.rows.size())) {
      throw ConfigError(table.where(i, row),
                        fmt::format("row {} is not in {}, which has {}", number, text, out.rows.size()));
    }
    if (table.has_column("kept") && table.text(i, table.column("kept")) == "false") continue;
    out.samples[static_cast<std::size_t>(number - 1)].push_back(table.number(i, time));
  }
  for (std::size_t i = 0; i < out.rows.size(); ++i) {
    const std::int64_t there = static_cast<std::int64_t>(out.samples[i].size());
    if (there == 0 || there == out.rows[i].samples) continue;
    throw ConfigError({beside.string()}, fmt::format("row {} has {} samples and {} in {}: the files are of two benches",
                                                     i + 1, there, out.rows[i].samples, text));
  }
  return out;
}

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
  CompareResult result;
  std::map<std::string, std::size_t> in_b;
  const std::vector<std::string> keys_a = keys_of(a.rows), keys_b = keys_of(b.rows);
  for (std::size_t i = 0; i < b.rows.size(); ++i) in_b[keys_b[i]] = i;
  Random random(options.seed);
  std::vector<double> sums(static_cast<std::size_t>(options.resamples), 0);
  double sum = 0;
  for (std::size_t i = 0; i < a.rows.size(); ++i) {
    Comparison row{a.rows[i],         static_cast<std::int64_t>(a.rows[i].samples), 0, a.rows[i].time, {}, {}, {}, 0,
                   Verdict::only_in_a};
    const auto found = in_b.find(keys_a[i]);
    if (found != in_b.end()) {
      const std::size_t j = found->second;
      const auto first = resampled_medians(a.rows[i], a.samples[i], options.resamples, random);
      auto logarithms = resampled_medians(b.rows[j], b.samples[j], options.resamples, random);
      for (std::size_t r = 0; r < logarithms.size(); ++r) sums[r] += logarithms[r] -= first[r];
      row.samples_b = b.rows[j].samples;
      row.time_b = b.rows[j].time;
      const double value = row.time_b / row.time_a;
      sum += std::log(value);
      row.ratio = ratio_of(value, logarithms);
      row.interval = interval_kind(a.samples[i], b.samples[j]);
      if (a.rows[i].probe > FlopRate(0)) row.probe_ratio = b.rows[j].probe / a.rows[i].probe;
      row.verdict = row.interval == "few_samples" ? Verdict::ambiguous : verdict_of(row.ratio, options.tolerance);
      ++result.compared;
      in_b.erase(found);
    }
    result.rows.push_back(std::move(row));
  }
  if (result.compared == 0) {
    throw ConfigError(fmt::format("{} and {} have no shape in common", a.file.string(), b.file.string()));
  }
  for (std::size_t i = 0; i < b.rows.size(); ++i) {
    if (!in_b.contains(keys_b[i])) continue;
    result.rows.push_back({b.rows[i], 0, b.rows[i].samples, {}, b.rows[i].time, {}, {}, 0, Verdict::only_in_b});
  }
  const double count = static_cast<double>(result.compared);
  for (double& logarithm : sums) logarithm /= count;
  result.mean = ratio_of(std::exp(sum / count), sums);
  result.warnings = differences(a, b);
  return result;
}

Table comparison_table(const CompareResult& result) {
  Table table{{"operation", "shape", "implementation", "time_a_s", "time_b_s", "samples_a", "samples_b", "ratio",
               "ratio_lo", "ratio_hi", "interval", "probe_ratio", "verdict"},
              {}};
  const auto unless_zero = [](auto value) { return value == decltype(value){} ? Cell{} : Cell{value}; };
  for (const Comparison& row : result.rows) {
    table.rows.push_back({row.row.operation, shape(row.row), row.row.implementation, unless_zero(row.time_a.value()),
                          unless_zero(row.time_b.value()), unless_zero(row.samples_a), unless_zero(row.samples_b),
                          unless_zero(row.ratio.value), unless_zero(row.ratio.lo), unless_zero(row.ratio.hi),
                          row.interval, unless_zero(row.probe_ratio), std::string(name(row.verdict))});
  }
  return table;
}

}  // namespace mobasim::kernels
