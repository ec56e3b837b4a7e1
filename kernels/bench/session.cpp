#include "kernels/bench/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "kernels/random.h"
#include "mobasim_version.h"

namespace mobasim::kernels::bench {
namespace {

constexpr double kMostOfAll = 1.0 / 3;                // of the budget, for one group
constexpr double kMostRounds = 40, kMostSeconds = 2;  // what a group may want
constexpr int kVisits = 5;                            // to a group, at most
constexpr double kExpectedOfPeak = 0.6;               // attention and gemms reach 0.6 to 0.9 (docs/performance.md)
// Of the budget, kept from letting in further groups: for more rounds than the fewest of those that are in.
constexpr double kForMoreRounds = 1.0 / 3;

std::uint64_t seed_of(const std::string& name, std::uint64_t seed) {
  for (const char c : name) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001b3u;  // FNV-1a
  return seed;
}

}  // namespace

Session::Session(const Options& options, const ArmOptions& arms, Result& result)
    : options_(options), result_(result), begin_(now()), probe_(peak_probe(*arms.micro, arms.threads)) {
  for (const FinishedGroup& group : options.before) spent_before_ = std::max(spent_before_, group.spent.value());
}

double Session::spent() const { return spent_before_ + now() - begin_; }
double Session::left() const { return options_.budget.value() - spent(); }

void Session::warm_up(double seconds) {
  std::vector<double> probes;
  const double begin = spent();
  result_.warmed_up = warmed_up(sampling_of("warm-up", seconds, left()), probes);
  if (probes.empty()) return;
  probe_seconds_ = (spent() - begin) / static_cast<double>(probes.size());
  // Those of a clock that rises are no state of the machine.
  probes_.assign(probes.begin() + static_cast<std::ptrdiff_t>(probes.size() / 2), probes.end());
}

const FinishedGroup* Session::done(const Group& group) const {
  for (auto before = options_.before.rbegin(); before != options_.before.rend(); ++before) {
    if (before->name == group.name) return &*before;  // of several visits the last, which has the samples of all
  }
  return nullptr;
}

void Session::time(Group& group, double seconds, double left_after) {
  if (stopped()) return;
  if (const FinishedGroup* before = done(group)) {
    learn(group, before->rows);
    result_.rows.insert(result_.rows.end(), before->rows.begin(), before->rows.end());
    group.arms.clear();
    return;
  }
  Visited once{&group, {}, 1, seconds, 1, {}, {}};
  if (visit(once, seconds, left_after)) finish_group(once);
}

void Session::time_all(std::vector<Group>& groups) {
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
    std::vector<Visited> visited;
    double reserve = most_of_one < options_.budget.value() ? kForMoreRounds * left() : 0;
    for (; !waiting.empty() && !stopped(); waiting.erase(waiting.begin())) {
      double promised = 0;
      for (const Visited& one : visited) promised += one.share;
      std::vector<Cost> costs;
      for (const Group* group : waiting) costs.push_back(cost_of(*group));
      const std::vector<double> given = shares(costs, left() - promised, most_of_one, reserve);
      if (given[0] <= 0) {
        skipped.push_back(waiting[0]);
        continue;
      }
      reserve = std::max(0.0, reserve - (given[0] - costs[0].least));
      // The first is of the fewest rounds, the others of one at least.
      const double more = (given[0] - costs[0].least) / costs[0].round;
      const int visits = static_cast<int>(std::clamp(1 + more, 1.0, double{kVisits}));
      Visited one{waiting[0], costs[0], visits, given[0], visits, {}, {}};
      const double left_after =
          std::accumulate(given.begin() + 1, given.end(), promised + given[0] - given[0] / visits);
      if (visit(one, given[0] / visits - costs[0].round, left_after)) visited.push_back(std::move(one));
    }
    visit_again(visited);
    waiting = std::move(skipped);
  }
  for (const Group* group : waiting) result_.left_out.push_back(group->name);
}

void Session::visit_again(std::vector<Visited>& all) {
  for (int pass = 1; pass < kVisits; ++pass) {
    for (std::size_t i = 0; i < all.size() && !stopped(); ++i) {
      if (all[i].visits_left == 0) continue;
      std::vector<Cost> costs;
      std::size_t here = 0;
      for (std::size_t j = 0; j < all.size(); ++j) {
        if (all[j].visits_left == 0) continue;
        if (j == i) here = costs.size();
        costs.push_back(all[j].cost);
      }
      const std::vector<double> given = shares(costs, left(), options_.budget.value());
      if (given[here] <= 0) {
        all[i].visits_left = 0;  // others took longer than they should have
        continue;
      }
      const double seconds = given[here] / all[i].visits_left;
      const double left_after = std::accumulate(given.begin(), given.end(), -seconds);
      visit(all[i], seconds - all[i].cost.round, left_after);
    }
  }
  for (Visited& one : all) finish_group(one);
}

bool Session::stopped() {
  result_.stopped = result_.stopped || options_.progress.stopped();
  return result_.stopped;
}

FlopRate Session::level() const { return FlopRate(probes_.empty() ? 0.0 : quantile(probes_, 0.9)); }

void Session::finish() {
  for (const double probe : probes_) result_.probes.emplace_back(probe);
  result_.spent = Seconds(spent());
}

Sampling Session::sampling_of(const std::string& what, double seconds, double left_after) {
  Sampling sampling;
  sampling.seconds = seconds;
  sampling.most_seconds = std::min(2 * seconds, left());
  sampling.probe = probe_;
  sampling.level = level().value();
  sampling.stop = [this, what, end = spent() + std::max(0.0, seconds), left_after] {
    const double expected = std::max(0.0, end - spent()) + left_after;
    options_.progress.show(fmt::format("bench: {} ({:.0f} s left)", what, std::max(0.0, std::min(expected, left()))));
    return options_.progress.stopped();
  };
  return sampling;
}

bool Session::visit(Visited& visited, double seconds, double left_after) {
  const Group& group = *visited.group;
  const double begin = spent();
  Random random(seed_of(group.name, options_.seed) + static_cast<std::uint64_t>(visited.visits - visited.visits_left));
  Sampling sampling = sampling_of(group.name, std::max(0.0, seconds), left_after);
  sampling.may_settle = visited.visits_left == 1;
  sampling.rules.most_rounds = sampling.rules.most_rounds * (visited.visits - visited.visits_left + 1) / visited.visits;
  const std::size_t rounds_before = visited.runs.empty() ? 0 : visited.runs.front().size();
  const Sampled taken = sampled(group.arms, sampling, random, visited.runs);
  if (taken.ending == Ending::stopped) {
    result_.stopped = true;
    return false;
  }
  probes_.insert(probes_.end(), taken.probes.begin(), taken.probes.end());
  visited.rows.clear();
  for (std::size_t arm = 0; arm < group.rows.size(); ++arm) {
    for (std::size_t which = 0; which < group.rows[arm].size(); ++which) {
      visited.rows.push_back(measured(group.rows[arm][which], taken.arms[arm], which, taken.ending_of(arm)));
    }
  }
  learn(group, visited.rows);
  const double took = spent() - begin;
  const std::size_t rounds = taken.arms.front().size() - rounds_before;
  visited.cost.round = took / static_cast<double>(rounds + static_cast<std::size_t>(taken.warm_up_rounds));
  visited.cost.least = visited.cost.round;
  visited.cost.wanted = std::max(visited.cost.least, visited.cost.wanted - took);
  visited.cost.always = false;
  visited.share = std::max(0.0, visited.share - took);
  visited.runs = taken.arms;
  if (--visited.visits_left == 0) visited.group->arms.clear();  // and their memory
  options_.finished({group.name, Seconds(spent()), visited.rows});
  return true;
}

void Session::finish_group(Visited& visited) {
  result_.rows.insert(result_.rows.end(), visited.rows.begin(), visited.rows.end());
  visited.group->arms.clear();
}

MeasuredRow Session::measured(ProfileRow row, const std::vector<Run>& runs, std::size_t which, Ending ending) const {
  MeasuredRow out{std::move(row), {}};
  const std::vector<double> kept = kept_times(runs, which);
  set_measured(out.row, kept);
  std::vector<double> probes;
  for (const Run& run : runs) {
    out.samples.push_back({run.times[which], spent_before_ + run.at - begin_, run.probe, run.kept});
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
void Session::learn(const Group& group, const std::vector<MeasuredRow>& rows) {
  std::size_t at = 0;
  for (std::size_t arm = 0; arm < group.rows.size(); ++arm) {
    Seconds time;
    for (std::size_t i = 0; i < group.rows[arm].size() && at < rows.size(); ++i) time += rows[at++].row.time;
    if (group.work[arm] > Flops(0) && time > Seconds(0)) rates_[group.kinds[arm]] = group.work[arm] / time;
  }
}

// Of what was not timed yet: a part of the peak of its format, which is the first thing that is timed.
FlopRate Session::expected_rate(const std::string& dtype) const {
  FlopRate peak;
  for (const MeasuredRow& measured : result_.rows) {
    const ProfileRow& row = measured.row;
    if (row.operation == "fma_peak" && row.dtype == dtype) peak = std::max(peak, row.flops / row.time);
  }
  return kExpectedOfPeak * (peak > FlopRate(0) ? peak : level());
}

Cost Session::cost_of(const Group& group) const {
  const SamplingRules rules;
  double round = 0;
  for (std::size_t arm = 0; arm < group.arms.size(); ++arm) {
    const auto rate = rates_.find(group.kinds[arm]);
    const FlopRate expected = rate == rates_.end() ? expected_rate(group.rows[arm].front().dtype) : rate->second;
    round += (group.work[arm] / expected).value() + probe_seconds_;
  }
  const double least = round * (rules.least_rounds + 1);
  return {round, least, std::max({least, kMostSeconds, kMostRounds * round}), group.always};
}

}  // namespace mobasim::kernels::bench
