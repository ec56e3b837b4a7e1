#include "sim/device/attention_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "sim/base/text.h"
#include "sim/device/curve.h"
#include "sim/device/dtype.h"

namespace mobasim {
namespace {

using Rows = std::vector<const ProfileRow*>;

// Published sources disagree by this much (A24); data: published attention kernels, causal, head_dim 128.
constexpr double kForwardSpread = 0.10;
constexpr double kBackwardSpread = 0.15;
// What a MoBA time at another (block, top_k) than measured may exceed the held one by (A27).
constexpr double kOtherParametersHi = 1.5;
// Hardware work of forward : backward, for rows that time both passes together (A25).
constexpr double kBackwardHardwareShare = 2.5 / 3.5;

double spread_of(Pass pass) { return pass == Pass::forward ? kForwardSpread : kBackwardSpread; }
std::string_view name_of(Pass pass) { return pass == Pass::forward ? "forward" : "backward"; }

// What tells two measurements of one mechanism apart, beside the sequence.
struct Parameters {
  std::int64_t block = 0, top_k = 0, window = 0;
  bool operator==(const Parameters&) const = default;
};

Parameters parameters_of(const Attention& attention) {
  Parameters result;
  for (const auto& [parameter, value] : parameters(attention)) {
    if (parameter == "block") result.block = value;
    if (parameter == "top_k") result.top_k = value;
    if (parameter == "window") result.window = value;
  }
  return result;
}

double distance(std::int64_t a, std::int64_t b) {
  return std::abs(std::log(static_cast<double>(std::max<std::int64_t>(a, 1))) -
                  std::log(static_cast<double>(std::max<std::int64_t>(b, 1))));
}
double distance(const Parameters& a, const Parameters& b) {
  return distance(a.block, b.block) + distance(a.top_k, b.top_k) + distance(a.window, b.window);
}

Rows rows_of(const DeviceProfile& device, std::string_view mechanism, std::string_view dtype,
             std::string_view implementation) {
  Rows rows;
  for (const ProfileRow& row : device.profile) {
    if (row.operation == "attention" && row.mechanism == mechanism && stands_for(row.dtype, dtype) &&
        row.implementation == implementation) {
      rows.push_back(&row);
    }
  }
  return rows;
}

template <class Keep>
Rows kept(const Rows& rows, Keep keep) {
  Rows result;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(result), [&](const ProfileRow* row) { return keep(*row); });
  return result;
}

Flops useful(const AttentionLayer& layer, Pass pass) {
  const AttentionWork all = work(layer.attention, layer.shape, bytes_of(layer.dtype));
  return pass == Pass::forward ? all.forward : all.backward;
}

AttentionLayer at_sequence(AttentionLayer layer, std::int64_t sequence) {
  layer.shape.sequence = sequence;
  return layer;
}

// Curve of one pass from rows that time both together: the rest where the other pass was timed too, else its share of
// the hardware work.
Curve derived_curve(const AttentionLayer& layer, const Curve& both, const Curve& other) {
  const Pass other_pass = layer.pass == Pass::forward ? Pass::backward : Pass::forward;
  const double share = layer.pass == Pass::forward ? 1 - kBackwardHardwareShare : kBackwardHardwareShare;
  Curve curve;
  for (const CurvePoint& point : both) {
    const AttentionLayer here = at_sequence(layer, point.sequence);
    const double mine = useful(here, layer.pass).value();
    const double theirs = useful(here, other_pass).value();
    const double total = std::exp(point.time) * (mine + theirs);
    double time = total * share;
    if (!other.empty()) {
      if (!covers(other, point.sequence)) continue;
      time = total - std::exp(point_at(other, point.sequence).time) * theirs;
      if (time <= 0) continue;  // the sources contradict each other here
    }
    const double spread = spread_of(layer.pass);
    const double log_time = std::log(time / mine);
    curve.push_back({point.sequence, log_time, log_time + std::log1p(-spread), log_time + std::log1p(spread),
                     worst(point.basis, Basis::published)});
  }
  return curve;
}

struct ChosenCurve {
  Curve curve;
  std::string how;  // "" when timed directly
};

// The best curve for the layer's pass: timed directly, the difference of two timings, or a share of one - the first
// that covers the sequence, else the first that there is.
ChosenCurve curve_for(const AttentionLayer& layer, const Rows& rows) {
  const auto of_pass = [&](std::string_view pass, double spread) {
    return curve_of(kept(rows, [&](const ProfileRow& row) { return row.pass == pass; }), spread);
  };
  const Pass other = layer.pass == Pass::forward ? Pass::backward : Pass::forward;
  const Curve both = of_pass("forward_backward", spread_of(layer.pass));
  const Curve other_curve = of_pass(name_of(other), spread_of(other));
  std::vector<ChosenCurve> choices;
  choices.push_back({of_pass(name_of(layer.pass), spread_of(layer.pass)), ""});
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

// Beyond the ends of the curve the end's fraction of the roofline is held, and the spread grows with each doubling
// (A26).
TimeEstimate held(const AttentionLayer& layer, const DeviceProfile& device, const CurvePoint& end) {
  const AttentionLayer there = at_sequence(layer, end.sequence);
  const double flops = useful(there, layer.pass).value();
  const double growth = roofline(layer, device) / roofline(there, device);
  const double doublings = distance(layer.shape.sequence, end.sequence) / std::log(2.0);
  const double spread = std::pow(1 + spread_of(layer.pass), doublings);
  return {Seconds(std::exp(end.time) * flops * growth), Seconds(std::exp(end.lo) * flops * growth / spread),
          Seconds(std::exp(end.hi) * flops * growth * spread), Basis::extrapolated, ""};
}

bool same_shape(const AttentionShape& shape, const ProfileRow& row) {
  return row.batch == shape.batch && row.heads == shape.heads && row.kv_heads == shape.kv_heads;
}

TimeEstimate on_curve(const AttentionLayer& layer, const Rows& rows, const Curve& curve) {
  const CurvePoint point = point_at(curve, layer.shape.sequence);
  const double flops = useful(layer, layer.pass).value();
  Basis basis = point.basis;
  const auto at_this_shape = [&](const ProfileRow* row) {
    return row->sequence == layer.shape.sequence && same_shape(layer.shape, *row);
  };
  if (basis == Basis::measured && std::none_of(rows.begin(), rows.end(), at_this_shape)) {
    basis = Basis::interpolated;  // another number of sequences or heads (A21)
  }
  return {Seconds(std::exp(point.time) * flops), Seconds(std::exp(point.lo) * flops),
          Seconds(std::exp(point.hi) * flops), basis, ""};
}

// Of the rows that time the pass, alone or together with the other one. 0: there are none.
std::int64_t nearest_head_dim(const Rows& rows, const AttentionLayer& layer) {
  std::int64_t nearest = 0;
  for (const ProfileRow* row : rows) {
    if (row->pass != name_of(layer.pass) && row->pass != "forward_backward") continue;
    if (nearest == 0 || distance(row->head_dim, layer.shape.head_dim) < distance(nearest, layer.shape.head_dim)) {
      nearest = row->head_dim;
    }
  }
  return nearest;
}

// Among the parameters measured: those whose rows reach the sequence before those that do not, then the nearest.
Parameters nearest_parameters(const Rows& rows, const AttentionLayer& layer) {
  const Parameters wanted = parameters_of(layer.attention);
  Parameters best;
  auto best_score = std::pair(true, std::numeric_limits<double>::infinity());
  for (const ProfileRow* row : rows) {
    const Parameters mine{row->block, row->top_k, row->window};
    std::int64_t low = row->sequence, high = row->sequence;
    for (const ProfileRow* other : rows) {
      if (Parameters{other->block, other->top_k, other->window} != mine) continue;
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

// Another block, top_k or window than measured: the time per FLOP is held; it may be as low as dense attention's (A27).
void widen_for_parameters(TimeEstimate& estimate, const AttentionLayer& layer, const DeviceProfile& device) {
  AttentionLayer dense = layer;
  dense.attention = FullAttention{};
  dense.implementation.clear();
  const Seconds dense_time = attention_time(dense, device).time;
  const double share = useful(layer, layer.pass) / useful(dense, layer.pass);
  estimate.lo = std::min(estimate.lo, dense_time * share);
  estimate.hi = std::max(estimate.hi, estimate.time * kOtherParametersHi);
  estimate.basis = Basis::extrapolated;
}

std::string length_text(std::int64_t sequence) {
  return sequence % 1024 == 0 ? fmt::format("{}K", sequence / 1024) : fmt::format("{}", sequence);
}

// Nothing when the rows do not serve the pass.
std::optional<TimeEstimate> time_by(const AttentionLayer& layer, const DeviceProfile& device,
                                    const std::string& implementation) {
  Rows rows = rows_of(device, name(layer.attention), layer.dtype, implementation);
  const std::int64_t head_dim = nearest_head_dim(rows, layer);
  if (head_dim == 0) return std::nullopt;
  rows = kept(rows, [&](const ProfileRow& row) { return row.head_dim == head_dim; });
  const Parameters parameters = nearest_parameters(rows, layer);
  rows = kept(rows, [&](const ProfileRow& row) { return Parameters{row.block, row.top_k, row.window} == parameters; });
  const ChosenCurve chosen = curve_for(layer, rows);
  if (chosen.curve.empty()) return std::nullopt;

  const bool inside = covers(chosen.curve, layer.shape.sequence);
  TimeEstimate estimate =
      inside ? on_curve(layer, rows, chosen.curve) : held(layer, device, point_at(chosen.curve, layer.shape.sequence));
  estimate.note = fmt::format("{} {}, rows {}..{}", implementation, name_of(layer.pass),
                              length_text(chosen.curve.front().sequence), length_text(chosen.curve.back().sequence));
  if (!chosen.how.empty()) estimate.note += " (" + chosen.how + ")";
  if (!inside) estimate.note += ", fraction of the roofline held beyond them";
  if (head_dim != layer.shape.head_dim) {
    estimate.basis = Basis::extrapolated;
    estimate.note += fmt::format(", time per FLOP of head_dim {} for {}", head_dim, layer.shape.head_dim);
  }
  if (parameters != parameters_of(layer.attention)) {
    widen_for_parameters(estimate, layer, device);
    estimate.note += parameters.window > 0
                         ? fmt::format(", time per FLOP of window {} held", parameters.window)
                         : fmt::format(", time per FLOP of block {} top_k {} held (from dense attention's to 1.5x)",
                                       parameters.block, parameters.top_k);
  }
  const Seconds least = roofline(layer, device);
  estimate.time = std::max(estimate.time, least);
  estimate.lo = std::clamp(estimate.lo, least, estimate.time);
  estimate.hi = std::max(estimate.hi, estimate.time);
  return estimate;
}

TimeEstimate assumed_time(const AttentionLayer& layer, const DeviceProfile& device) {
  const std::string mechanism(name(layer.attention));
  const auto found = device.attention.find(mechanism);
  if (found == device.attention.end()) {
    throw Unsupported(
        fmt::format("{} attention on {}", mechanism, device.name),
        "the device has neither measured rows for it nor an efficiency (efficiency: attention: " + mechanism + ")");
  }
  const Efficiency& efficiency = found->second;
  const Seconds least = roofline(layer, device);
  return {least / efficiency.value, least / efficiency.hi, least / efficiency.lo, efficiency.basis,
          fmt::format("no rows: {:.0f}% of the roofline", 100 * efficiency.value)};
}

// The implementation with the least forward + backward time; empty when none has rows of both.
std::string fastest(const AttentionLayer& layer, const DeviceProfile& device) {
  std::string best;
  Seconds least{std::numeric_limits<double>::infinity()};
  for (const std::string& candidate : implementations(device, name(layer.attention), layer.dtype)) {
    AttentionLayer pass = layer;
    pass.pass = Pass::forward;
    const auto forward = time_by(pass, device, candidate);
    pass.pass = Pass::backward;
    const auto backward = time_by(pass, device, candidate);
    if (!forward || !backward) continue;
    const Seconds total = forward->time + backward->time;
    if (total < least) least = total, best = candidate;
  }
  return best;
}

}  // namespace

std::vector<std::string> implementations(const DeviceProfile& device, std::string_view mechanism,
                                         std::string_view dtype) {
  std::vector<std::string> names;
  std::map<std::string, std::set<std::string>> passes;
  for (const ProfileRow& row : device.profile) {
    if (row.operation != "attention" || row.mechanism != mechanism || !stands_for(row.dtype, dtype)) continue;
    if (passes[row.implementation].empty()) names.push_back(row.implementation);
    passes[row.implementation].insert(row.pass);
  }
  std::erase_if(names, [&](const std::string& implementation) {
    const std::set<std::string>& timed = passes[implementation];
    return !timed.contains("forward_backward") && !(timed.contains("forward") && timed.contains("backward"));
  });
  return names;
}

TimeEstimate attention_time(const AttentionLayer& layer, const DeviceProfile& device) {
  if (!std::holds_alternative<FullAttention>(layer.attention) && is_full_at(layer.attention, layer.shape.sequence)) {
    AttentionLayer full = layer;
    full.attention = FullAttention{};
    const auto known = implementations(device, "full", layer.dtype);
    if (std::find(known.begin(), known.end(), layer.implementation) == known.end()) full.implementation.clear();
    return attention_time(full, device);
  }
  if (!layer.implementation.empty()) {
    if (auto estimate = time_by(layer, device, layer.implementation)) return *estimate;
    throw Unsupported(
        fmt::format("{} {} of {} on {}", layer.implementation, name_of(layer.pass), name(layer.attention), device.name),
        "the device's table has no such rows; both passes: " +
            joined(implementations(device, name(layer.attention), layer.dtype)));
  }
  const std::string implementation = fastest(layer, device);
  if (implementation.empty()) return assumed_time(layer, device);
  return *time_by(layer, device, implementation);
}

}  // namespace mobasim
