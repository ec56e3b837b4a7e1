#include "kernels/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "kernels/bench_arms.h"
#include "kernels/cpu/micro_kernels.h"
#include "kernels/cpu/parallel.h"
#include "mobasim_version.h"
#include "sim/base/error.h"

namespace mobasim::kernels {
namespace {

constexpr double kWarmUpShare = 0.05, kCopyShare = 0.05, kGemmShare = 0.2;

// One bench: the clock, the budget and what was found so far.
class Run {
 public:
  Run(const BenchOptions& options, BenchResult& result)
      : options_(options), result_(result), begin_(now()), random_(options.seed) {}

  [[nodiscard]] double left() const { return options_.budget.value() - (now() - begin_); }
  [[nodiscard]] double spent() const { return now() - begin_; }

  // Times a group, at most `seconds` of it. Rows are added in the group's own order.
  void time(const Group& group, double seconds, const SamplingRules& rules) {
    if (stopped()) return;
    options_.progress(fmt::format("bench: {} ({:.0f} s left)", group.name, std::max(0.0, left())));
    const Samples samples = sampled(group.arms, seconds, rules, random_, options_.stop);
    if (stopped()) return;
    for (std::size_t arm = 0; arm < group.rows.size(); ++arm) {
      for (std::size_t i = 0; i < group.rows[arm].size(); ++i) add(group.rows[arm][i], samples[arm][i]);
    }
  }

  [[nodiscard]] bool stopped() {
    result_.stopped = result_.stopped || options_.stop();
    return result_.stopped;
  }

 private:
  void add(ProfileRow row, const std::vector<double>& samples) {
    set_measured(row, samples);
    row.source = fmt::format("mobasim bench {} ({}) on {}, {} threads, {}", kVersion, kCommit,
                             result_.machine.cpu_model, result_.threads, result_.instruction_set);
    result_.rows.push_back(std::move(row));
    result_.samples.push_back(samples);
  }

  const BenchOptions& options_;
  BenchResult& result_;
  double begin_;
  Random random_;
};

// Runs the peak until two runs agree within 1%: the clock has settled.
void warm_up(const Group& peak, double seconds, const std::function<bool()>& stop) {
  const double end = now() + seconds;
  double last = peak.arms[0].run()[0];
  while (now() < end && !stop()) {
    const double next = peak.arms[0].run()[0];
    if (std::abs(next - last) < 0.01 * last) return;
    last = next;
  }
}

FlopRate probe(const Group& peak) {
  std::vector<double> times;
  for (int i = 0; i < 3; ++i) times.push_back(peak.arms[0].run()[0]);
  return peak.work / Seconds(quantile(times, 0.5));
}

// Groups from the least work to the most; what does not fit into `seconds` any more is left out. `rate` is what the
// last group of the kind ran at, for the estimate.
void time_groups(Run& run, const std::vector<Group>& groups, double seconds, FlopRate rate, BenchResult& result) {
  const SamplingRules rules;
  const double end = run.spent() + seconds;
  for (const Group& group : groups) {
    const double round = (group.work / rate).value(), left = end - run.spent();
    const double least = round * (rules.least_rounds + 1);
    if (least > left && !group.always) {
      result.left_out.push_back(group.name);
      continue;
    }
    const double begin = run.spent();
    const std::size_t first_row = result.rows.size();
    run.time(group, std::max(least - round, std::min(0.08 * left, rules.most_rounds * round)), rules);
    if (run.stopped()) return;
    double round_seconds = 0;
    for (std::size_t i = first_row; i < result.rows.size(); ++i) round_seconds += result.rows[i].time.value();
    if (run.spent() > begin) rate = group.work / Seconds(round_seconds);
  }
}

std::vector<Group> gemm_groups(InputPool& pool, int threads) {
  std::vector<Group> groups;
  for (const GemmCase& gemm : gemm_cases()) groups.push_back(gemm_group(gemm, pool, threads));
  groups.front().always = true;
  std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.work < b.work; });
  return groups;
}

std::vector<Group> attention_groups(InputPool& pool, int threads) {
  std::vector<Group> groups;
  const std::vector<Case> timed = cases_for(Purpose::time);
  for (const Case& row : timed) {
    const auto comparable = [&](const Case& other) {
      return other.problem.cu_seqlens == row.problem.cu_seqlens && other.problem.head_dim == row.problem.head_dim;
    };
    if (&*std::find_if(timed.begin(), timed.end(), comparable) != &row) continue;  // in a group already
    std::vector<Case> together;
    std::copy_if(timed.begin(), timed.end(), std::back_inserter(together), comparable);
    groups.push_back(attention_group(together, pool, threads));
    // The least that a device file needs: a length at which MoBA routes.
    groups.back().always = row.problem.cu_seqlens[1] == 2048 && row.problem.head_dim == 64;
  }
  std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.work < b.work; });
  return groups;
}

// Twice the last-level cache, within reason.
std::size_t pool_floats(const Machine& machine) {
  const double reason = machine.memory > Bytes(0) ? std::min(1e9, machine.memory.value() / 8) : 256e6;
  const double wanted = std::min(2 * machine.last_level_cache.value(), reason) / sizeof(float);
  return std::max(largest_input(), static_cast<std::size_t>(wanted));
}

// In the order of the table: peak, copies, products, attention by mechanism and shape.
void sort_rows(BenchResult& result) {
  const auto key = [](const ProfileRow& row) {
    const int operation = row.operation == "fma_peak"      ? 0
                          : row.operation == "memory_copy" ? 1
                          : row.operation == "gemm"        ? 2
                                                           : 3;
    return std::tuple(operation, row.bytes, row.mechanism, row.block, row.head_dim, row.sequence,
                      row.pass == "backward", row.flops, row.m, row.n, row.k);
  };
  std::vector<std::size_t> order(result.rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return key(result.rows[a]) < key(result.rows[b]); });
  std::vector<ProfileRow> rows;
  std::vector<std::vector<double>> samples;
  for (const std::size_t i : order) {
    rows.push_back(std::move(result.rows[i]));
    samples.push_back(std::move(result.samples[i]));
  }
  result.rows = std::move(rows);
  result.samples = std::move(samples);
}

}  // namespace

Seconds least_budget() { return Seconds(5); }

double clock_drift(const BenchResult& result) {
  if (result.peak_probes.empty()) return 0;
  const auto [least, greatest] = std::minmax_element(result.peak_probes.begin(), result.peak_probes.end());
  return (*greatest - *least) / *greatest;
}

BenchResult bench(const BenchOptions& options) {
  if (options.budget < least_budget()) {
    throw ConfigError(fmt::format("a budget of {} s is too little to measure anything; give at least {} s",
                                  options.budget.value(), least_budget().value()));
  }
  BenchResult result;
  result.machine = this_machine();
  result.threads = thread_count(options.threads);
  result.instruction_set = micro_kernels().front()->name;
  const double budget = options.budget.value();
  Run run(options, result);
  InputPool pool(pool_floats(result.machine), options.seed);
  result.input_pool = Bytes(static_cast<double>(pool.floats() * sizeof(float)));

  const Group peak = peak_group(result.threads);
  warm_up(peak, kWarmUpShare * budget, options.stop);
  run.time(peak, 0.02 * budget, {});
  if (run.stopped()) return result;
  result.peak_f32 = result.rows[0].flops / result.rows[0].time;
  result.peak_probes.push_back(result.peak_f32);
  for (const std::size_t megabytes : {std::size_t{64}, std::size_t{256}}) {
    run.time(copy_group(megabytes * 1000000, result.threads), kCopyShare / 2 * budget, {});
    if (run.stopped()) return result;
    result.memory_bandwidth = result.rows.back().bytes / result.rows.back().time;
  }
  time_groups(run, gemm_groups(pool, result.threads), std::min(kGemmShare * budget, run.left()), 0.3 * result.peak_f32,
              result);
  if (run.stopped()) return result;
  result.peak_probes.push_back(probe(peak));
  time_groups(run, attention_groups(pool, result.threads), 0.97 * run.left(), 0.3 * result.peak_f32, result);
  if (run.stopped()) return result;
  result.peak_probes.push_back(probe(peak));
  result.peak_f32 = *std::max_element(result.peak_probes.begin(), result.peak_probes.end());
  sort_rows(result);
  result.spent = Seconds(run.spent());
  return result;
}

}  // namespace mobasim::kernels
