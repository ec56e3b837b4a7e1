#include "kernels/bench/files.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/bench/timing.h"
#include "mobasim_version.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mobasim::kernels::bench {
namespace {

template <class Choose, class Value>
std::vector<double> fractions(const Result& result, const Choose& choose, const Value& value) {
  std::vector<double> found;
  for (const MeasuredRow& measured : result.rows) {
    if (choose(measured.row)) found.push_back(value(measured.row));
  }
  return found;
}

// "{value: median, lo: least, hi: greatest, basis: measured, source: ...}"
std::string efficiency(const std::vector<double>& found, const char* basis, const std::string& source) {
  const auto [lo, hi] = std::minmax_element(found.begin(), found.end());
  return fmt::format("{{value: {:.4g}, lo: {:.4g}, hi: {:.4g}, basis: {}, source: {}}}", quantile(found, 0.5),
                     *lo * 0.99995, std::min(1.0, *hi * 1.00005), basis, json_text(source));
}

std::string efficiencies(const Result& result) {
  const auto of_peak = [&](const ProfileRow& row) { return row.flops / row.time / result.peak.at(row.dtype); };
  const auto of_bandwidth = [&](const ProfileRow& row) { return row.bytes / row.time / result.memory_bandwidth; };
  const auto attention = [&](const char* mechanism) {
    return fractions(
        result, [&](const ProfileRow& row) { return row.mechanism == mechanism; }, of_peak);
  };
  std::string out = "efficiency:\n";
  const auto gemm = fractions(
      result, [](const ProfileRow& row) { return row.operation == "gemm"; }, of_peak);
  out += fmt::format("  gemm: {}\n", efficiency(gemm, "measured", "median and range over the shapes of the profile"));
  // What reads and writes by ordinary stores, as elementwise operations do, is not as fast as copies that pass the
  // caches.
  auto triads = fractions(
      result, [](const ProfileRow& row) { return row.operation == "memory_triad"; }, of_bandwidth);
  if (triads.empty()) {
    triads = fractions(
        result, [](const ProfileRow& row) { return row.operation == "memory_copy"; }, of_bandwidth);
  }
  out += fmt::format("  memory_bound: {}\n",
                     efficiency(triads, "measured", "triads of the profile, against the fastest copy or triad"));
  out += "  attention:\n";
  const std::string measured = "median and range over the shapes and passes of the profile; useful FLOPs";
  out += fmt::format("    full: {}\n", efficiency(attention("full"), "measured", measured));
  out += fmt::format("    moba: {}\n", efficiency(attention("moba"), "measured", measured));
  out += fmt::format("    sliding_window: {}\n",  // A7
                     efficiency(attention("full"), "assumed", "not measured: taken to be that of full attention"));
  return out;
}

}  // namespace

std::string device_yaml(const Result& result, const std::string& name) {
  std::string out = fmt::format("# Written by mobasim bench; how it came to be is in {}.provenance.json.\n", name);
  out += fmt::format("name: {}\n", json_text(name));
  std::string source = fmt::format("measured by mobasim bench {} (commit {}) on {}, {} threads", kVersion, kCommit,
                                   result.machine.cpu_model, result.threads);
  const auto disturbed = std::count_if(result.rows.begin(), result.rows.end(), [](const MeasuredRow& measured) {
    return measured.row.sampling == bench::name(Ending::disturbed);
  });
  if (disturbed > 0) {
    source +=
        fmt::format("; {} of {} rows of a disturbed machine: their times are too long", disturbed, result.rows.size());
  }
  out += fmt::format("source: {}\n", json_text(source));
  std::vector<std::string> peaks;
  for (const auto& [dtype, rate] : result.peak)
    peaks.push_back(fmt::format("{}: {:.4g} GFLOP/s", dtype, rate.value() / 1e9));
  out += fmt::format("peak: {{{}}}\n", joined(peaks));
  out += fmt::format("memory: {:.0f} B\n", result.machine.memory.value());
  out += fmt::format("memory_bandwidth: {:.4g} GB/s\n", result.memory_bandwidth.value() / 1e9);
  out += efficiencies(result);
  out += fmt::format("profile: {}\n", json_text(name + ".profile.csv"));
  return out;
}

std::string shape(const ProfileRow& row) {
  if (row.operation == "gemm") return fmt::format("{}x{}x{} {}", row.m, row.n, row.k, row.dtype);
  if (row.operation == "fma_peak") return fmt::format("{} {} threads", row.dtype, row.threads);
  if (row.operation == "layer") {
    return fmt::format("{} {} {} h{} f{} {}", row.mechanism, row.pass, row.sequence, row.hidden, row.ffn, row.dtype);
  }
  if (row.operation != "attention") return fmt::format("{} bytes", row.bytes.value());
  std::string out = fmt::format("{} {} {}", row.mechanism, row.pass, row.sequence);
  if (row.block > 0) out += fmt::format(" b{} k{}", row.block, row.top_k);
  return out + fmt::format(" d{} {}", row.head_dim, row.dtype);
}

std::vector<ProfileRow> profile_rows(const std::vector<MeasuredRow>& rows) {
  std::vector<ProfileRow> out;
  for (const MeasuredRow& measured : rows) out.push_back(measured.row);
  return out;
}

Table sample_table(const std::vector<MeasuredRow>& rows) {
  Table table{{"row", "operation", "shape", "sample", "time_s", "at_s", "probe_flop_per_s", "kept"}, {}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& [row, samples] = rows[i];
    for (std::size_t s = 0; s < samples.size(); ++s) {
      const RowSample& sample = samples[s];
      const Cell probe = sample.probe > 0 ? Cell{sample.probe} : Cell{};
      table.rows.push_back({static_cast<std::int64_t>(i + 1), row.operation, shape(row),
                            static_cast<std::int64_t>(s + 1), sample.time, sample.at, probe, sample.kept});
    }
  }
  return table;
}

void check_device_name(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos || name.front() == '.') {
    throw ConfigError(fmt::format("'{}' is no name for a device: files are named by it", name));
  }
}

void write_result(const Result& result, const Options& options, const std::filesystem::path& folder,
                  const std::string& name) {
  check_device_name(name);
  make_directories(folder);
  std::vector<FileContent> files = {
      {folder / (name + ".profile.csv"), rendered(profile_table(profile_rows(result.rows)), TableFormat::csv)},
      {folder / (name + ".samples.csv"), rendered(sample_table(result.rows), TableFormat::csv)},
      {folder / (name + ".provenance.json"), provenance_json(result, name, options)}};
  if (describes_device(result)) files.push_back({folder / (name + ".yaml"), device_yaml(result, name)});
  write_files(files);
}

}  // namespace mobasim::kernels::bench
