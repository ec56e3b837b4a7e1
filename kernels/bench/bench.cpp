#include "kernels/bench/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "kernels/bench/groups.h"
#include "kernels/bench/session.h"
#include "kernels/cpu/parallel.h"
#include "sim/base/error.h"
#include "sim/base/text.h"

namespace mobasim::kernels::bench {
namespace {

constexpr double kWarmUpShare = 0.05, kPeakShare = 0.02;  // of the budget

const cpu::MicroKernels& micro_of(const Options& options) {
  return options.instruction_set.empty() ? *cpu::micro_kernels().front()
                                         : cpu::micro_kernels_named(options.instruction_set);
}

// Values of a format: twice the last-level cache, within reason; none of a format that is not timed.
std::size_t pool_values(const Options& options, const Machine& machine, Dtype dtype) {
  if (std::find(options.dtypes.begin(), options.dtypes.end(), dtype) == options.dtypes.end()) return 0;
  const double reason = machine.memory > Bytes(0) ? std::min(1e9, machine.memory.value() / 8) : 256e6;
  const double wanted = std::min(2 * machine.last_level_cache.value(), reason) / (dtype == Dtype::f32 ? 4 : 2);
  return std::max(largest_input(chosen_cases(options)), static_cast<std::size_t>(wanted));
}

// 256 MB, or a 32nd of a small memory: three blocks of it are held at a time.
std::size_t memory_bytes(const Machine& machine) {
  if (!(machine.memory > Bytes(0))) return 64000000;
  return static_cast<std::size_t>(std::min(256e6, machine.memory.value() / 32));
}

// Of two measurements of the same peak the faster one stays.
void keep_faster_peaks(std::vector<MeasuredRow>& rows) {
  const auto same = [](const ProfileRow& a, const ProfileRow& b) {
    return a.operation == "fma_peak" && b.operation == "fma_peak" && a.dtype == b.dtype && a.threads == b.threads;
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = rows.size() - 1; j > i; --j) {
      if (!same(rows[i].row, rows[j].row)) continue;
      if (rows[j].row.time < rows[i].row.time) std::swap(rows[i], rows[j]);
      rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(j));
    }
  }
}

// A peak is what the machine can do: the fastest of its own rows, of what was done in the format, and, of f32, of the
// probes (their 95th percentile). A disturbed machine then has no peak below what it was seen to do.
void set_peaks(Result& result) {
  const auto raise = [&](const std::string& dtype, FlopRate rate) {
    FlopRate& peak = result.peak[dtype];
    peak = std::max(peak, rate);
  };
  for (const MeasuredRow& measured : result.rows) {
    const ProfileRow& row = measured.row;
    if (row.flops > Flops(0)) raise(row.dtype, row.flops / row.time);
    if (row.operation == "memory_copy" || row.operation == "memory_triad") {
      result.memory_bandwidth = std::max(result.memory_bandwidth, row.bytes / row.time);
    }
  }
  std::vector<double> probes;
  for (const FlopRate rate : result.probes) probes.push_back(rate.value());
  if (!probes.empty()) raise("f32", FlopRate(quantile(probes, 0.95)));
  // A processor without gemms of bf16 makes them in f32.
  for (const Dtype dtype : result.dtypes) raise(std::string(name(dtype)), result.peak["f32"]);
}

void time_everything(Session& run, const Options& options, const ArmOptions& arms, Result& result) {
  const double budget = options.budget.value();
  run.warm_up(kWarmUpShare * budget);
  Group peak = peak_group(arms);
  run.time(peak, kPeakShare * budget, run.left());
  std::vector<Group> groups;
  if (wants(options, "memory")) groups.push_back(memory_group(arms.threads, memory_bytes(result.machine)));
  std::ranges::move(groups_of(options, arms, result.unsupported), std::back_inserter(groups));
  run.time_all(groups);
  Group again = peak_group(arms);
  again.name += ", again";
  run.time(again, std::min(kPeakShare * budget, std::max(0.0, run.left())), 0);
}

}  // namespace

const std::vector<std::string>& parts() {
  static const std::vector<std::string> parts = {"gemm", "attention", "layer", "memory"};
  return parts;
}

Seconds least_budget() { return Seconds(5); }

Options completed(Options options) {
  if (!std::isfinite(options.budget.value()) || options.budget < least_budget()) {
    throw ConfigError(fmt::format("a budget of {} s is no time or too little to measure anything; give at least {} s",
                                  options.budget.value(), least_budget().value()));
  }
  for (const std::string& part : options.only) {
    if (std::find(parts().begin(), parts().end(), part) != parts().end()) continue;
    throw ConfigError(fmt::format("there is no part '{}' of a bench{}; there are {}", part, suggestion(part, parts()),
                                  joined(parts())));
  }
  if (!options.cases.empty() && !options.only.empty()) {
    throw ConfigError("cases are of attention alone: they are chosen without parts of the bench");
  }
  (void)chosen_cases(options);
  const cpu::MicroKernels& micro = micro_of(options);
  options.instruction_set = micro.name;
  options.threads = cpu::thread_count(options.threads);
  if (options.dtypes.empty()) {
    options.dtypes = {Dtype::f32};
    const auto multiplies = [](const cpu::MicroKernels* set) { return set->dot_products != nullptr; };
    if (std::ranges::any_of(cpu::micro_kernels(), multiplies)) options.dtypes.push_back(Dtype::bf16);
  }
  return options;
}

Result result_of(const Options& given) {
  const Options options = completed(given);
  Result result;
  result.machine = this_machine();
  result.threads = options.threads;
  result.instruction_set = options.instruction_set;
  result.dtypes = options.dtypes;
  result.load_at_start = load_average();
  const std::size_t f32 = pool_values(options, result.machine, Dtype::f32);
  const std::size_t bf16 = pool_values(options, result.machine, Dtype::bf16);
  InputPools pools{{f32, options.seed}, {bf16, options.seed}};
  result.input_pool = Bytes(static_cast<double>(f32 > 0 ? sizeof(float) * f32 : sizeof(Bf16) * bf16));
  if (f32 > 0 && bf16 > 0)
    result.input_pool = std::min(result.input_pool, Bytes(sizeof(Bf16) * static_cast<double>(bf16)));

  const LoadCounters before = load_counters();
  const ArmOptions arms{options.threads, &micro_of(options), options.dtypes, &pools};
  Session run(options, arms, result);
  time_everything(run, options, arms, result);
  result.load = load_between(before, load_counters());
  if (result.stopped) return result;
  keep_faster_peaks(result.rows);
  sort_rows(result.rows);
  set_peaks(result);
  run.finish();
  return result;
}

double clock_drift(const Result& result) {
  if (result.probes.empty()) return 0;
  std::vector<double> rates;
  for (const FlopRate rate : result.probes) rates.push_back(rate.value());
  return 1 - quantile(rates, 0.05) / quantile(rates, 0.95);
}

SampleCount sample_count(const Result& result) {
  SampleCount count;
  for (const MeasuredRow& measured : result.rows) {
    count.discarded += measured.row.discarded;
    count.taken += static_cast<std::int64_t>(measured.samples.size());
  }
  return count;
}

bool may_describe_device(const Options& options) {
  const auto all = [&] {
    return std::all_of(parts().begin(), parts().end(),
                       [&](const std::string& part) { return part == "layer" || wants(options, part); });
  };
  return options.cases.empty() && all();
}

bool describes_device(const Result& result) {
  const auto has = [&](const std::string& operation, const std::string& mechanism) {
    return std::any_of(result.rows.begin(), result.rows.end(), [&](const MeasuredRow& measured) {
      return measured.row.operation == operation && measured.row.mechanism == mechanism;
    });
  };
  return has("memory_copy", "") && has("gemm", "") && has("attention", "full") && has("attention", "moba");
}

}  // namespace mobasim::kernels::bench
