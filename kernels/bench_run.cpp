#include "kernels/bench_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/random.h"
#include "mobasim_version.h"

namespace mobasim::kernels {
namespace {

constexpr double kMostOfAll = 1.0 / 3;                // of the budget, for one group
constexpr double kMostRounds = 40, kMostSeconds = 2;  // what a group may want

std::uint64_t seed_of(const std::string& name, std::uint64_t seed) {
  for (const char c : name) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3u;  // FNV-1a
  return seed;
}

}  // namespace

BenchRun::BenchRun(const BenchOptions& options, const ArmOptions& arms, BenchResult& result)
    : options_(options), result_(result), begin_(now()), probe_(peak_probe(*arms.micro, arms.threads)) {
  for (const FinishedGroup& group : options.before) spent_before_ = std::max(spent_before_, group.spent.value());
}

double BenchRun::spent() const { return spent_before_ + now() - begin_; }
double BenchRun::left() const { return options_.budget.value() - spent(); }

void BenchRun::warm_up(double seconds) {
  std::vector<double> probes;
  const double begin = spent();
  result_.warmed_up = warmed_up(sampling_of("warm-up", seconds, left()), probes);
  if (probes.empty()) return;
  probe_seconds_ = (spent() - begin) / static_cast<double>(probes.size());
  // Those of a clock that rises are no state of the machine.
  probes_.assign(probes.begin() + static_cast<std::ptrdiff_t>(probes.size() / 2), probes.end());
}

const FinishedGroup* BenchRun::done(const Group& group) const {
  for (const FinishedGroup& before : options_.before) {
    if (before.name == group.name) return &before;
  }
  return nullptr;
}

void BenchRun::time(Group& group, double seconds, double left_after) {
  if (stopped()) return;
  if (const FinishedGroup* before = done(group)) {
    learn(group, before->rows);
    result_.rows.insert(result_.rows.end(), before->rows.begin(), before->rows.end());
  } else {
    measure(group, seconds, left_after);
  }
  group.arms.clear();
}

void BenchRun::time_all(std::vector<Group>& groups) {
  std::vector<Group*> waiting;
  for (Group& group : groups) {
    if (done(group) != nullptr) {
      time(group, 0, 0);
    } else {
      waiting.push_back(&group);
    }
  }
  // What finds no place at first may find one when others took less than they might have.
  for (const double most_of_one : {kMostOfAll * options_.budget.value(), options_.budget.value()}) {
    std::vector<Group*> skipped;
    for (; !waiting.empty() && !stopped(); waiting.erase(waiting.begin())) {
      std::vector<Cost> costs;
      for (const Group* group : waiting) costs.push_back(cost_of(*group));
      const std::vector<double> given = shares(costs, left(), most_of_one);
      double after = 0;
      for (std::size_t i = 1; i < given.size(); ++i) after += given[i];
      if (given[0] > 0) {
        time(*waiting[0], given[0] - costs[0].round, after);
      } else {
        skipped.push_back(waiting[0]);
      }
    }
    waiting = std::move(skipped);
  }
  for (const Group* group : waiting) result_.left_out.push_back(group->name);
}

bool BenchRun::stopped() {
  result_.stopped = result_.stopped || options_.stop();
  return result_.stopped;
}

FlopRate BenchRun::level() const { return FlopRate(probes_.empty() ? 0.0 : quantile(probes_, 0.9)); }

void BenchRun::finish() {
  for (const double probe : probes_) result_.probes.emplace_back(probe);
  result_.spent = Seconds(spent());
}

Sampling BenchRun::sampling_of(const std::string& what, double seconds, double left_after) {
  Sampling sampling;
  sampling.seconds = seconds;
  sampling.most_seconds = std::min(2 * seconds, left());
  sampling.probe = probe_;
  sampling.level = level().value();
  sampling.stop = [this, what, end = spent() + std::max(0.0, seconds), left_after] {
    const double expected = std::max(0.0, end - spent()) + left_after;
    options_.progress(fmt::format("bench: {} ({:.0f} s left)", what, std::max(0.0, std::min(expected, left()))));
    return options_.stop();
  };
  return sampling;
}

void BenchRun::measure(const Group& group, double seconds, double left_after) {
  const double begin = spent();
  Random random(seed_of(group.name, options_.seed));
  const Sampled taken = sampled(group.arms, sampling_of(group.name, std::max(0.0, seconds), left_after), random);
  if (taken.ending == Ending::stopped) {
    result_.stopped = true;
    return;
  }
  probes_.insert(probes_.end(), taken.probes.begin(), taken.probes.end());
  FinishedGroup finished{group.name, Seconds(spent()), {}};
  for (std::size_t arm = 0; arm < group.rows.size(); ++arm) {
    for (std::size_t which = 0; which < group.rows[arm].size(); ++which) {
      finished.rows.push_back(measured(group.rows[arm][which], taken.arms[arm], which, taken.ending_of(arm), begin));
    }
  }
  learn(group, finished.rows);
  result_.rows.insert(result_.rows.end(), finished.rows.begin(), finished.rows.end());
  options_.finished(finished);
}

MeasuredRow BenchRun::measured(ProfileRow row, const std::vector<Run>& runs, std::size_t which, Ending ending,
                               double begin) const {
  MeasuredRow out{std::move(row), {}};
  const std::vector<double> kept = kept_times(runs, which);
  set_measured(out.row, kept);
  std::vector<double> probes;
  for (const Run& run : runs) {
    out.samples.push_back({run.times[which], begin + run.at, run.probe, run.kept});
    if (run.kept) probes.push_back(run.probe);
  }
  out.row.sampling = name(ending);
  out.row.discarded = static_cast<std::int64_t>(runs.size() - kept.size());
  out.row.probe = FlopRate(quantile(probes, 0.5));
  out.row.source = fmt::format("mobasim bench {} ({}) on {}, {} threads, {}", kVersion, kCommit,
                               result_.machine.cpu_model, result_.threads, result_.instruction_set);
  return out;
}

// What arms of these kinds run at, for the next estimate. `rows` are those of the group's arms, in their order.
void BenchRun::learn(const Group& group, const std::vector<MeasuredRow>& rows) {
  std::size_t at = 0;
  for (std::size_t arm = 0; arm < group.rows.size(); ++arm) {
    Seconds time;
    for (std::size_t i = 0; i < group.rows[arm].size() && at < rows.size(); ++i) time += rows[at++].row.time;
    if (group.work[arm] > Flops(0) && time > Seconds(0)) rates_[group.kinds[arm]] = group.work[arm] / time;
  }
}

Cost BenchRun::cost_of(const Group& group) const {
  const SamplingRules rules;
  double round = 0;
  for (std::size_t arm = 0; arm < group.arms.size(); ++arm) {
    const auto rate = rates_.find(group.kinds[arm]);
    const FlopRate expected = rate == rates_.end() ? 0.3 * level() : rate->second;
    round += (group.work[arm] / expected).value() + probe_seconds_;
  }
  const double least = round * (rules.least_rounds + 1);
  return {round, least, std::max({least, kMostSeconds, kMostRounds * round}), group.always};
}

}  // namespace mobasim::kernels
