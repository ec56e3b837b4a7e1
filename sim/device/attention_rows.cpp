#include "sim/device/attention_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "sim/device/dtype.h"

namespace mobasim {
namespace {

// Published sources disagree by this much (A24); data: published attention kernels, causal, head_dim 128.
constexpr double kForwardSpread = 0.10;
constexpr double kBackwardSpread = 0.15;
// Hardware work of forward : backward, for rows that time both passes together (A25).
constexpr double kBackwardHardwareShare = 2.5 / 3.5;

double distance(const AttentionParameters& a, const AttentionParameters& b) {
  return log_distance(a.block, b.block) + log_distance(a.top_k, b.top_k) + log_distance(a.window, b.window);
}

ProfileRows rows_of(const Device& device, std::string_view mechanism, std::string_view dtype,
                    std::string_view implementation) {
  ProfileRows rows;
  for (const ProfileRow& row : device.profile) {
    if (row.operation == "attention" && row.mechanism == mechanism && stands_for(row.dtype, dtype) &&
        row.implementation == implementation) {
      rows.push_back(&row);
    }
  }
  return rows;
}

template <class Keep>
ProfileRows kept(const ProfileRows& rows, Keep keep) {
  ProfileRows result;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(result), [&](const ProfileRow* row) { return keep(*row); });
  return result;
}

Flops useful(AttentionLayer layer, Pass pass, std::int64_t sequence) {
  layer.pass = pass;
  layer.shape.sequence = sequence;
  return useful_flops(layer);
}

// Curve of one pass from rows that time both together: the rest where the other pass was timed too, else its share of
// the hardware work.
Curve derived_curve(const AttentionLayer& layer, const Curve& both, const Curve& other) {
  const Pass other_pass = layer.pass == Pass::forward ? Pass::backward : Pass::forward;
  const double share = layer.pass == Pass::forward ? 1 - kBackwardHardwareShare : kBackwardHardwareShare;
  Curve curve;
  for (const CurvePoint& point : both) {
    const double mine = useful(layer, layer.pass, point.sequence).value();
    const double theirs = useful(layer, other_pass, point.sequence).value();
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

// Of the rows that time the pass, alone or together with the other one. 0: there are none.
std::int64_t nearest_head_dim(const ProfileRows& rows, const AttentionLayer& layer) {
  std::int64_t nearest = 0;
  for (const ProfileRow* row : rows) {
    if (row->pass != name_of(layer.pass) && row->pass != "forward_backward") continue;
    if (nearest == 0 ||
        log_distance(row->head_dim, layer.shape.head_dim) < log_distance(nearest, layer.shape.head_dim)) {
      nearest = row->head_dim;
    }
  }
  return nearest;
}

// Among the parameters measured: those whose rows reach the sequence before those that do not, then the nearest.
AttentionParameters nearest_parameters(const ProfileRows& rows, const AttentionLayer& layer) {
  const AttentionParameters wanted = parameters_of(layer.attention);
  AttentionParameters best;
  auto best_score = std::pair(true, std::numeric_limits<double>::infinity());
  for (const ProfileRow* row : rows) {
    const AttentionParameters mine = parameters_of(*row);
    std::int64_t low = row->sequence, high = row->sequence;
    for (const ProfileRow* other : rows) {
      if (parameters_of(*other) != mine) continue;
      low = std::min(low, other->sequence);
      high = std::max(high, other->sequence);
    }
    const bool exact = mine == wanted;
    const bool outside = layer.shape.sequence < low || layer.shape.sequence > high;
    const auto score = std::pair(!exact && outside, distance(mine, wanted));
    if (score < best_score) best_score = score, best = mine;
  }
  return best;
}

// Without the rows of a disturbed machine, where a pass has others at two lengths at least.
ProfileRows undisturbed(const ProfileRows& rows) {
  std::map<std::string_view, std::set<std::int64_t>> lengths;
  for (const ProfileRow* row : rows) {
    if (!disturbed(*row)) lengths[row->pass].insert(row->sequence);
  }
  return kept(rows, [&](const ProfileRow& row) { return !disturbed(row) || lengths[row.pass].size() < 2; });
}

}  // namespace

AttentionParameters parameters_of(const Attention& attention) {
  AttentionParameters result;
  for (const auto& [parameter, value] : parameters(attention)) {
    if (parameter == "block") result.block = value;
    if (parameter == "top_k") result.top_k = value;
    if (parameter == "window") result.window = value;
  }
  return result;
}

AttentionParameters parameters_of(const ProfileRow& row) { return {row.block, row.top_k, row.window}; }

Attention attention_of(const ProfileRow& row) {
  if (row.mechanism == "moba") return Moba{row.block, row.top_k};
  if (row.mechanism == "sliding_window") return SlidingWindow{row.window};
  return FullAttention{};
}

Attention with_parameters(Attention attention, const AttentionParameters& parameters) {
  if (std::holds_alternative<Moba>(attention)) return Moba{parameters.block, parameters.top_k};
  if (std::holds_alternative<SlidingWindow>(attention)) return SlidingWindow{parameters.window};
  return attention;
}

std::string_view name_of(Pass pass) { return pass == Pass::forward ? "forward" : "backward"; }

double published_spread(Pass pass) { return pass == Pass::forward ? kForwardSpread : kBackwardSpread; }

Flops useful_flops(const AttentionLayer& layer) {
  const AttentionWork all = work(layer.attention, layer.shape, bytes_of(layer.dtype));
  return layer.pass == Pass::forward ? all.forward : all.backward;
}

double log_distance(std::int64_t a, std::int64_t b) {
  return std::abs(std::log(static_cast<double>(std::max<std::int64_t>(a, 1))) -
                  std::log(static_cast<double>(std::max<std::int64_t>(b, 1))));
}

LayerRows rows_for(const AttentionLayer& layer, const Device& device, std::string_view implementation) {
  const ProfileRows all = rows_of(device, name(layer.attention), layer.dtype, implementation);
  const std::int64_t head_dim = nearest_head_dim(all, layer);
  if (head_dim == 0) return {};
  const ProfileRows near = kept(all, [&](const ProfileRow& row) { return row.head_dim == head_dim; });
  const AttentionParameters nearest = nearest_parameters(near, layer);
  const ProfileRows rows = kept(near, [&](const ProfileRow& row) { return parameters_of(row) == nearest; });
  return {undisturbed(rows), head_dim, nearest};
}

ChosenCurve curve_for(const AttentionLayer& layer, const ProfileRows& rows) {
  const auto of_pass = [&](std::string_view pass, double spread) {
    return curve_of(kept(rows, [&](const ProfileRow& row) { return row.pass == pass; }), spread);
  };
  const Pass other = layer.pass == Pass::forward ? Pass::backward : Pass::forward;
  const Curve both = of_pass("forward_backward", published_spread(layer.pass));
  const Curve other_curve = of_pass(name_of(other), published_spread(other));
  std::vector<ChosenCurve> choices;
  choices.push_back({of_pass(name_of(layer.pass), published_spread(layer.pass)), ""});
  if (!other_curve.empty()) {
    choices.push_back({derived_curve(layer, both, other_curve), fmt::format("both passes less {}", name_of(other))});
  }
  choices.push_back({derived_curve(layer, both, {}), "share of both passes by hardware work 1:2.5"});
  for (ChosenCurve& choice : choices) {
    if (covers(choice.curve, layer.shape.sequence)) return choice;
  }
  for (ChosenCurve& choice : choices) {
    if (!choice.curve.empty()) return choice;
  }
  return {};
}

}  // namespace mobasim
