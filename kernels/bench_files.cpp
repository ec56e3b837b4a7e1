#include "kernels/bench_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/timing.h"
#include "mobasim_version.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/text.h"

namespace mobasim::kernels {
namespace {

template <class Choose, class Value>
std::vector<double> fractions(const BenchResult& result, const Choose& choose, const Value& value) {
  std::vector<double> found;
  for (const ProfileRow& row : result.rows) {
    if (choose(row)) found.push_back(std::min(1.0, value(row)));
  }
  return found;
}

// "{value: median, lo: least, hi: greatest, basis: measured, source: ...}"
std::string efficiency(const std::vector<double>& found, const char* basis, const std::string& source) {
  const auto [lo, hi] = std::minmax_element(found.begin(), found.end());
  return fmt::format("{{value: {:.4g}, lo: {:.4g}, hi: {:.4g}, basis: {}, source: {}}}", quantile(found, 0.5),
                     *lo * 0.99995, std::min(1.0, *hi * 1.00005), basis, json_text(source));
}

std::string efficiencies(const BenchResult& result) {
  const auto of_peak = [&](const ProfileRow& row) { return row.flops / row.time / result.peak_f32; };
  const auto of_bandwidth = [&](const ProfileRow& row) { return row.bytes / row.time / result.memory_bandwidth; };
  const auto attention = [&](const char* mechanism) {
    return fractions(
        result, [&](const ProfileRow& row) { return row.mechanism == mechanism; }, of_peak);
  };
  std::string out = "efficiency:\n";
  const auto gemm = fractions(
      result, [](const ProfileRow& row) { return row.operation == "gemm"; }, of_peak);
  out += fmt::format("  gemm: {}\n", efficiency(gemm, "measured", "median and range over the shapes of the profile"));
  const auto copies = fractions(
      result, [](const ProfileRow& row) { return row.operation == "memory_copy"; }, of_bandwidth);
  out +=
      fmt::format("  memory_bound: {}\n", efficiency(copies, "measured", "copies of the profile, against the largest"));
  out += "  attention:\n";
  const std::string measured = "median and range over the shapes and passes of the profile; useful FLOPs";
  out += fmt::format("    full: {}\n", efficiency(attention("full"), "measured", measured));
  out += fmt::format("    moba: {}\n", efficiency(attention("moba"), "measured", measured));
  out += fmt::format("    sliding_window: {}\n",  // A7
                     efficiency(attention("full"), "assumed", "not measured: taken to be that of full attention"));
  return out;
}

std::string shape(const ProfileRow& row) {
  if (row.operation == "gemm") return fmt::format("{}x{}x{}", row.m, row.n, row.k);
  if (row.operation != "attention") return fmt::format("{}", row.bytes.value());
  return fmt::format("{} {} {} b{} k{} d{}", row.mechanism, row.pass, row.sequence, row.block, row.top_k, row.head_dim);
}

}  // namespace

std::string device_yaml(const BenchResult& result, const std::string& name) {
  std::string out = fmt::format("# Written by mobasim bench; how it came to be is in {}.provenance.json.\n", name);
  out += fmt::format("name: {}\n", json_text(name));
  out +=
      fmt::format("source: {}\n", json_text(fmt::format("measured by mobasim bench {} (commit {}) on {}, {} threads",
                                                        kVersion, kCommit, result.machine.cpu_model, result.threads)));
  out += fmt::format("peak: {{f32: {:.4g} GFLOP/s}}\n", result.peak_f32.value() / 1e9);
  out += fmt::format("memory: {:.0f} B\n", result.machine.memory.value());
  out += fmt::format("memory_bandwidth: {:.4g} GB/s\n", result.memory_bandwidth.value() / 1e9);
  out += efficiencies(result);
  out += fmt::format("profile: {}\n", json_text(name + ".profile.csv"));
  return out;
}

Table sample_table(const std::vector<ProfileRow>& rows, const std::vector<std::vector<double>>& samples) {
  Table table{{"row", "operation", "shape", "sample", "time_s"}, {}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t s = 0; s < samples[i].size(); ++s) {
      table.rows.push_back({static_cast<std::int64_t>(i + 1), rows[i].operation, shape(rows[i]),
                            static_cast<std::int64_t>(s + 1), samples[i][s]});
    }
  }
  return table;
}

std::string json_texts(const std::vector<std::string>& words) {
  std::vector<std::string> parts;
  for (const std::string& word : words) parts.push_back(json_text(word));
  return "[" + joined(parts) + "]";
}

std::string json_object(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out = "{\n";
  for (std::size_t i = 0; i < fields.size(); ++i) {
    out += fmt::format("  {}: {}{}\n", json_text(fields[i].first), fields[i].second, i + 1 < fields.size() ? "," : "");
  }
  return out + "}\n";
}

std::string provenance_json(const BenchResult& result, const std::string& name, const BenchOptions& options) {
  std::vector<std::string> probes;
  for (const FlopRate rate : result.peak_probes) probes.push_back(shortest(rate.value()));
  const bool cold =
      result.machine.last_level_cache > Bytes(0) && result.input_pool >= 2 * result.machine.last_level_cache;
  return json_object({
      {"device", json_text(name)},
      {"date", json_text(utc_now())},
      {"program", json_text(fmt::format("mobasim {} (commit {})", kVersion, kCommit))},
      {"compiler", json_text(fmt::format("{}, {} build", kCompiler, kBuildType))},
      {"cpu_model", json_text(result.machine.cpu_model)},
      {"processors", fmt::format("{}", result.machine.processors)},
      {"threads", fmt::format("{}", result.threads)},
      {"instruction_set", json_text(result.instruction_set)},
      {"governor", json_text(result.machine.governor)},
      {"system", json_text(result.machine.system)},
      {"memory_bytes", shortest(result.machine.memory.value())},
      {"last_level_cache_bytes", shortest(result.machine.last_level_cache.value())},
      {"budget_s", shortest(options.budget.value())},
      {"spent_s", fmt::format("{:.1f}", result.spent.value())},
      {"seed", fmt::format("{}", options.seed)},
      {"inputs",
       json_text(fmt::format("standard normal; each run at another place of a pool of {:.0f} MB, {}; outputs reused",
                             result.input_pool.value() / 1e6,
                             cold ? "at least twice the last-level cache: cold"
                                  : "not known to be twice the last-level cache: perhaps hot"))},
      {"timing",
       json_text("one warm-up round; arms of a group (full and MoBA of one shape) in random order, round after "
                 "round; stops at 10 rounds and 0.5 s once the quartiles are within 2% of the median, else at 40 "
                 "rounds or when the share of the budget is spent, after 3 rounds at least; median and quartiles")},
      {"flop_convention",
       json_text("useful: causal pairs only; forward 4 head_dim a pair, gate 2 head_dim a product, backward "
                 "8 head_dim a pair")},
      {"peak_probes_flop_per_s", "[" + joined(probes) + "]"},
      {"clock_drift", fmt::format("{:.4f}", clock_drift(result))},
      {"left_out", json_texts(result.left_out)},
  });
}

void check_device_name(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos || name.front() == '.') {
    throw ConfigError(fmt::format("'{}' is no name for a device: files are named by it", name));
  }
}

void write_bench(const BenchResult& result, const BenchOptions& options, const std::filesystem::path& folder,
                 const std::string& name) {
  check_device_name(name);
  make_directories(folder);
  write_file(folder / (name + ".profile.csv"), rendered(profile_table(result.rows), TableFormat::csv));
  write_file(folder / (name + ".samples.csv"), rendered(sample_table(result.rows, result.samples), TableFormat::csv));
  write_file(folder / (name + ".provenance.json"), provenance_json(result, name, options));
  write_file(folder / (name + ".yaml"), device_yaml(result, name));
}

}  // namespace mobasim::kernels
