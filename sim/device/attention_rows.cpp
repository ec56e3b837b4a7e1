#include "sim/device/attention_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "sim/device/dtype.h"

namespace mobasim {
namespace {

// Published sources disagree by this much (A24); data: published attention kernels, causal, head_dim 128.
constexpr double kForwardSpread = 0.10;
constexpr double kBackwardSpread = 0.15;
// Hardware work of forward : backward, for rows that time both passes together (A25).
constexpr double kBackwardHardwareShare = 2.5 / 3.5;
constexpr std::string_view kBoth = "forward_backward";

using Rows = std::vector<const ProfileRow*>;

AttentionParameters parameters_of(const ProfileRow& row) { return {row.block, row.top_k, row.window}; }

bool times_pass(const ProfileRow& row, Pass pass) { return row.pass == name(pass) || row.pass == kBoth; }

template <class Keep>
Rows kept(const Rows& rows, Keep keep) {
  Rows result;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(result), [&](const ProfileRow* row) { return keep(*row); });
  return result;
}

// Without the rows of a disturbed machine, where a pass has others at two lengths at least.
Rows undisturbed(const Rows& rows) {
  std::map<std::string_view, std::set<std::int64_t>> lengths;
  for (const ProfileRow* row : rows) {
    if (!disturbed(*row)) lengths[row->pass].insert(row->sequence);
  }
  return kept(rows, [&](const ProfileRow& row) { return !disturbed(row) || lengths[row.pass].size() < 2; });
}

std::vector<TimedRow> timed_rows(const Rows& rows, std::string_view pass) {
  std::vector<TimedRow> timed;
  for (const ProfileRow* row : rows) {
    if (row->pass != pass) continue;
    timed.push_back({row->sequence, row->batch, row->heads, row->kv_heads, row->flops, row->time, row->time_lo,
                     row->time_hi, row->basis});
  }
  return timed;
}

KernelSetting setting_of(const AttentionParameters& parameters, const Rows& all) {
  KernelSetting setting;
  setting.parameters = parameters;
  const auto [low, high] = std::ranges::minmax(all, {}, &ProfileRow::sequence);
  setting.shortest = low->sequence;
  setting.longest = high->sequence;
  const Rows rows = undisturbed(all);
  setting.rows_of_both = timed_rows(rows, kBoth);
  for (const Pass pass : kPasses) {
    const std::size_t i = index_of(pass);
    setting.rows[i] = timed_rows(rows, name(pass));
    setting.timed[i] = curve_of(setting.rows[i], published_spread(pass));
    setting.both[i] = curve_of(setting.rows_of_both, published_spread(pass));
    setting.disturbed[i] = std::ranges::any_of(
        rows, [&](const ProfileRow* row) { return disturbed(*row) && times_pass(*row, pass); });
  }
  return setting;
}

// What differs between the rows, each once, in the order of the table.
template <class Value>
auto values_of(const Rows& rows, Value value) {
  std::vector<decltype(value(*rows.front()))> found;
  for (const ProfileRow* row : rows) {
    if (std::ranges::find(found, value(*row)) == found.end()) found.push_back(value(*row));
  }
  return found;
}

KernelHeadDim head_dim_of(std::int64_t head_dim, const Rows& rows) {
  KernelHeadDim result{head_dim, {}};
  const auto parameters = [](const ProfileRow& row) { return parameters_of(row); };
  for (const AttentionParameters& one : values_of(rows, parameters)) {
    const Rows mine = kept(rows, [&](const ProfileRow& row) { return parameters_of(row) == one; });
    result.settings.push_back(setting_of(one, mine));
  }
  return result;
}

TimedKernel kernel_of(const std::string& implementation, const Rows& rows) {
  TimedKernel kernel;
  kernel.implementation = implementation;
  const auto head_dim = [](const ProfileRow& row) { return row.head_dim; };
  const std::vector<std::int64_t> head_dims = values_of(rows, head_dim);
  for (const std::int64_t one : head_dims) {
    kernel.head_dims.push_back(head_dim_of(one, kept(rows, [&](const ProfileRow& row) { return row.head_dim == one; })));
  }
  for (const Pass pass : kPasses) {
    const Rows timing = kept(rows, [&](const ProfileRow& row) { return times_pass(row, pass); });
    if (timing.empty()) continue;
    for (const std::int64_t one : values_of(timing, head_dim)) {
      const auto place = std::ranges::find(head_dims, one) - head_dims.begin();
      kernel.timing[index_of(pass)].push_back(static_cast<std::size_t>(place));
    }
  }
  kernel.serves_both = !kernel.timing[0].empty() && !kernel.timing[1].empty();
  return kernel;
}

Flops useful(AttentionLayer layer, Pass pass, std::int64_t sequence) {
  layer.pass = pass;
  layer.shape.sequence = sequence;
  return useful_flops(layer);
}

// Curve of one pass from rows that time both together: the rest where the other pass was timed too, else its share of
// the hardware work.
Curve derived_curve(const AttentionLayer& layer, const Curve& both, const Curve& other) {
  const double share = layer.pass == Pass::forward ? 1 - kBackwardHardwareShare : kBackwardHardwareShare;
  Curve curve;
  for (const CurvePoint& point : both) {
    const double mine = useful(layer, layer.pass, point.sequence).value();
    const double theirs = useful(layer, other_pass(layer.pass), point.sequence).value();
    const double total = std::exp(point.time) * (mine + theirs);
    double time = total * share;
    if (!other.empty()) {
      if (!covers(other, point.sequence)) continue;
      time = total - std::exp(point_at(other, point.sequence).time) * theirs;
      if (time <= 0) continue;  // the sources contradict each other here
    }
    const double spread = published_spread(layer.pass);
    const double log_time = std::log(time / mine);
    curve.push_back({point.sequence, log_time, log_time + std::log1p(-spread), log_time + std::log1p(spread),
                     worst(point.basis, Basis::published)});
  }
  return curve;
}

double distance(const AttentionParameters& a, const AttentionParameters& b) {
  return log_distance(a.block, b.block) + log_distance(a.top_k, b.top_k) + log_distance(a.window, b.window);
}

}  // namespace

double published_spread(Pass pass) { return pass == Pass::forward ? kForwardSpread : kBackwardSpread; }

const KernelHeadDim* TimedKernel::nearest(Pass pass, std::int64_t head_dim) const {
  const KernelHeadDim* nearest = nullptr;
  for (const std::size_t i : timing[index_of(pass)]) {
    const KernelHeadDim& one = head_dims[i];
    if (one.head_dim == head_dim) return &one;
    if (nearest == nullptr || log_distance(one.head_dim, head_dim) < log_distance(nearest->head_dim, head_dim)) {
      nearest = &one;
    }
  }
  return nearest;
}

const KernelSetting& nearest_setting(const KernelHeadDim& rows, const AttentionParameters& wanted,
                                     std::int64_t sequence) {
  if (rows.settings.size() == 1) return rows.settings.front();
  const KernelSetting* best = nullptr;
  auto best_score = std::pair(true, std::numeric_limits<double>::infinity());
  for (const KernelSetting& setting : rows.settings) {
    const bool exact = setting.parameters == wanted;
    const bool outside = sequence < setting.shortest || sequence > setting.longest;
    const auto score = std::pair(!exact && outside, distance(setting.parameters, wanted));
    if (best == nullptr || score < best_score) {
      best_score = score;
      best = &setting;
    }
  }
  return *best;
}

std::vector<TimedKernel> timed_kernels(const Device& device, std::string_view mechanism, std::string_view dtype) {
  Rows rows;
  for (const ProfileRow& row : device.profile) {
    if (row.operation == "attention" && row.mechanism == mechanism && stands_for(row.dtype, dtype)) {
      rows.push_back(&row);
    }
  }
  std::vector<TimedKernel> kernels;
  if (rows.empty()) return kernels;
  for (const std::string& one : values_of(rows, [](const ProfileRow& row) { return row.implementation; })) {
    kernels.push_back(kernel_of(one, kept(rows, [&](const ProfileRow& row) { return row.implementation == one; })));
  }
  return kernels;
}

ChosenCurve::ChosenCurve(const AttentionLayer& layer, const KernelSetting& setting) : pass_(layer.pass) {
  const std::size_t mine = index_of(layer.pass), other = index_of(other_pass(layer.pass));
  const std::int64_t sequence = layer.shape.sequence;
  const Curve& timed = setting.timed[mine];
  curve_ = &timed;
  if (covers(timed, sequence)) return;
  const bool has_both = !setting.both[mine].empty();
  Curve difference, share;
  if (has_both && !setting.timed[other].empty()) {
    difference = derived_curve(layer, setting.both[mine], setting.timed[other]);
  }
  if (has_both) share = derived_curve(layer, setting.both[mine], {});
  const auto take = [&](Curve& curve, How how) {
    derived_ = std::move(curve);
    curve_ = &derived_;
    how_ = how;
  };
  if (covers(difference, sequence)) {
    take(difference, How::difference);
  } else if (covers(share, sequence)) {
    take(share, How::share);
  } else if (!timed.empty()) {
    // Its end is held.
  } else if (!difference.empty()) {
    take(difference, How::difference);
  } else if (!share.empty()) {
    take(share, How::share);
  } else {
    curve_ = nullptr;
  }
}

std::string ChosenCurve::how() const {
  if (how_ == How::timed) return "";
  if (how_ == How::difference) return fmt::format("both passes less {}", name(other_pass(pass_)));
  return "share of both passes by hardware work 1:2.5";
}

}  // namespace mobasim
