#include "sim/device/attention_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "sim/base/text.h"
#include "sim/device/attention_rows.h"
#include "sim/device/dtype.h"
#include "sim/device/moba_scaling.h"

namespace mobasim {
namespace {

AttentionLayer at_sequence(AttentionLayer layer, std::int64_t sequence) {
  layer.shape.sequence = sequence;
  return layer;
}

// Beyond the ends of the curve the end's fraction of the roofline is held - for MoBA, which is nowhere near it, the
// split of its time (A27) - and the spread grows with each doubling (A26).
TimeEstimate held(const AttentionLayer& layer, const Device& device, const ProfileRows& rows, const CurvePoint& end) {
  const AttentionLayer there = at_sequence(layer, end.sequence);
  const double flops = useful_flops(there).value();
  const double growth = std::holds_alternative<Moba>(layer.attention)
                            ? ratio_of_times(layer, there, rows, device)
                            : roofline(layer, device) / roofline(there, device);
  const double doublings = log_distance(layer.shape.sequence, end.sequence) / std::log(2.0);
  const double spread = std::pow(1 + published_spread(layer.pass), doublings);
  return {Seconds(std::exp(end.time) * flops * growth), Seconds(std::exp(end.lo) * flops * growth / spread),
          Seconds(std::exp(end.hi) * flops * growth * spread), Basis::extrapolated, ""};
}

bool same_shape(const AttentionShape& shape, const ProfileRow& row) {
  return row.batch == shape.batch && row.heads == shape.heads && row.kv_heads == shape.kv_heads;
}

TimeEstimate on_curve(const AttentionLayer& layer, const ProfileRows& rows, const Curve& curve) {
  const CurvePoint point = point_at(curve, layer.shape.sequence);
  const double flops = useful_flops(layer).value();
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

std::string length_text(std::int64_t sequence) {
  return sequence % 1024 == 0 ? fmt::format("{}K", sequence / 1024) : fmt::format("{}", sequence);
}

std::string note_on(const LayerRows& found, const ChosenCurve& chosen, const AttentionLayer& layer, bool inside) {
  std::string note = fmt::format("{} {}, rows {}..{}", found.rows.front()->implementation, name_of(layer.pass),
                                 length_text(chosen.curve.front().sequence), length_text(chosen.curve.back().sequence));
  if (!chosen.how.empty()) note += " (" + chosen.how + ")";
  const bool moba = std::holds_alternative<Moba>(layer.attention);
  if (!inside) note += moba ? ", split by counts beyond them" : ", fraction of the roofline held beyond them";
  if (found.head_dim != layer.shape.head_dim) {
    note += fmt::format(", time per FLOP of head_dim {} for {}", found.head_dim, layer.shape.head_dim);
  }
  if (found.parameters != parameters_of(layer.attention)) {
    note += ", scaled from " + description(with_parameters(layer.attention, found.parameters));
  }
  const auto slowed = [&](const ProfileRow* row) {
    return disturbed(*row) && (row->pass == name_of(layer.pass) || row->pass == "forward_backward");
  };
  if (std::any_of(found.rows.begin(), found.rows.end(), slowed)) note += ", rows of a disturbed machine among them";
  return note;
}

// What an implementation's rows say of a layer with the measured parameters that are nearest to the wanted ones.
struct FromRows {
  LayerRows found;
  ChosenCurve chosen;
  AttentionLayer layer;
  TimeEstimate estimate;
};

// Nothing when the rows do not serve the pass.
std::optional<FromRows> from_rows(const AttentionLayer& layer, const Device& device,
                                  const std::string& implementation) {
  FromRows result{rows_for(layer, device, implementation), {}, layer, {}};
  const ProfileRows& rows = result.found.rows;
  if (rows.empty()) return std::nullopt;
  result.layer.attention = with_parameters(layer.attention, result.found.parameters);
  result.chosen = curve_for(result.layer, rows);
  const Curve& curve = result.chosen.curve;
  if (curve.empty()) return std::nullopt;
  result.estimate = covers(curve, layer.shape.sequence)
                        ? on_curve(result.layer, rows, curve)
                        : held(result.layer, device, rows, point_at(curve, layer.shape.sequence));
  return result;
}

std::optional<TimeEstimate> time_by(const AttentionLayer& layer, const Device& device,
                                    const std::string& implementation) {
  const auto measured = from_rows(layer, device, implementation);
  if (!measured) return std::nullopt;
  const LayerRows& found = measured->found;
  TimeEstimate estimate = measured->estimate;
  if (found.parameters != parameters_of(layer.attention)) {
    estimate = scaled(estimate, measured->layer, layer, found.rows, device);
  }
  if (found.head_dim != layer.shape.head_dim) estimate.basis = Basis::extrapolated;
  const bool inside = covers(measured->chosen.curve, layer.shape.sequence);
  estimate.note = note_on(found, measured->chosen, layer, inside);
  const Seconds least = roofline(layer, device);
  estimate.time = std::max(estimate.time, least);
  estimate.lo = std::clamp(estimate.lo, least, estimate.time);
  estimate.hi = std::max(estimate.hi, estimate.time);
  return estimate;
}

TimeEstimate assumed_time(const AttentionLayer& layer, const Device& device) {
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

// The implementation with the least time per useful FLOP, forward and backward together, at its measured parameters
// (what is scaled from them is too uncertain to choose by); empty when none has rows of both passes. With `curves_only`
// an implementation that was timed at a single length is no candidate: its rate held to all others beats them unduly.
std::string fastest(AttentionLayer layer, const Device& device, bool curves_only) {
  std::string best;
  double least = std::numeric_limits<double>::infinity();
  for (const std::string& candidate : implementations(device, name(layer.attention), layer.dtype)) {
    double time = 0, work_done = 0;
    bool both = true;
    for (const Pass pass : {Pass::forward, Pass::backward}) {
      layer.pass = pass;
      const auto measured = from_rows(layer, device, candidate);
      both = both && measured && !(curves_only && measured->chosen.curve.size() == 1);
      if (!measured) continue;
      time += measured->estimate.time.value();
      work_done += useful_flops(measured->layer).value();
    }
    if (both && time / work_done < least) least = time / work_done, best = candidate;
  }
  return best;
}

}  // namespace

std::vector<std::string> implementations(const Device& device, std::string_view mechanism, std::string_view dtype) {
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

std::string fastest_implementation(const AttentionLayer& layer, const Device& device) {
  const std::string implementation = fastest(layer, device, true);
  return implementation.empty() ? fastest(layer, device, false) : implementation;
}

TimeEstimate attention_time(const AttentionLayer& layer, const Device& device) {
  if (!std::holds_alternative<FullAttention>(layer.attention) && is_full_at(layer.attention, layer.shape.sequence)) {
    AttentionLayer full = layer;
    full.attention = FullAttention{};
    const auto known = implementations(device, "full", layer.dtype);
    if (std::find(known.begin(), known.end(), layer.implementation) == known.end()) full.implementation.clear();
    return attention_time(full, device);
  }
  if (!layer.implementation.empty()) {
    if (auto estimate = time_by(layer, device, layer.implementation)) return *estimate;
    const std::string both = joined(implementations(device, name(layer.attention), layer.dtype));
    throw Unsupported(
        fmt::format("{} {} of {} on {}", layer.implementation, name_of(layer.pass), name(layer.attention), device.name),
        "the device's table has no such rows; both passes: " + (both.empty() ? "none" : both));
  }
  const std::string implementation = fastest_implementation(layer, device);
  if (implementation.empty()) return assumed_time(layer, device);
  return *time_by(layer, device, implementation);
}

}  // namespace mobasim
