#include "sim/device/attention_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "sim/base/text.h"
#include "sim/device/dtype.h"
#include "sim/device/moba_scaling.h"

namespace mobasim {
namespace {

FlopRate peak_of(const Device& device, std::string_view dtype) {
  if (const auto found = device.peak.find(std::string(dtype)); found != device.peak.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [name, rate] : device.peak) known.push_back(name);
  throw Unsupported("dtype " + std::string(dtype) + " on " + device.name, "the device has peaks for " + joined(known));
}

bool same_shape(const AttentionShape& shape, const TimedRow& row) {
  return row.sequence == shape.sequence && row.batch == shape.batch && row.heads == shape.heads &&
         row.kv_heads == shape.kv_heads;
}

bool was_timed(const KernelSetting& setting, const AttentionShape& shape) {
  const auto same = [&](const TimedRow& row) { return same_shape(shape, row); };
  return std::ranges::any_of(setting.rows[0], same) || std::ranges::any_of(setting.rows[1], same) ||
         std::ranges::any_of(setting.rows_of_both, same);
}

TimeEstimate on_curve(const AttentionLayer& layer, const KernelSetting& setting, const Curve& curve) {
  const CurvePoint point = point_at(curve, layer.shape.sequence);
  const double flops = useful_flops(layer).value();
  Basis basis = point.basis;
  // Another number of sequences or heads (A21).
  if (basis == Basis::measured && !was_timed(setting, layer.shape)) basis = Basis::interpolated;
  return {Seconds(std::exp(point.time) * flops), Seconds(std::exp(point.lo) * flops),
          Seconds(std::exp(point.hi) * flops), basis};
}

std::string length_text(std::int64_t sequence) {
  return sequence % 1024 == 0 ? fmt::format("{}K", sequence / 1024) : fmt::format("{}", sequence);
}

}  // namespace

// What a kernel's rows say of a layer, with the measured parameters that are nearest to the wanted ones.
struct AttentionTable::FromRows {
  FromRows(const AttentionLayer& wanted, const TimedKernel& by)
      : kernel(by), head_dim(by.nearest(wanted.pass, wanted.shape.head_dim)), layer(wanted) {
    if (head_dim == nullptr) return;
    setting = &nearest_setting(*head_dim, parameters_of(wanted.attention), wanted.shape.sequence);
    layer.attention = with_parameters(wanted.attention, setting->parameters);
    chosen.emplace(layer, *setting);
  }
  [[nodiscard]] const Curve* curve() const { return chosen ? chosen->curve() : nullptr; }
  [[nodiscard]] bool inside() const { return covers(*curve(), layer.shape.sequence); }

  const TimedKernel& kernel;
  const KernelHeadDim* head_dim;
  const KernelSetting* setting = nullptr;
  AttentionLayer layer;  // as measured
  std::optional<ChosenCurve> chosen;
};

AttentionTable::AttentionTable(const Device& device, std::string_view dtype)
    : device_(device.name),
      dtype_(dtype),
      dtype_bytes_(bytes_of(dtype)),
      peak_(peak_of(device, dtype)),
      memory_bandwidth_(device.memory_bandwidth),
      efficiency_(device.attention) {
  for (const Attention& mechanism : attention_mechanisms()) {
    kernels_[mechanism.index()] = timed_kernels(device, name(mechanism), dtype);
  }
  for (TimedKernel& kernel : kernels_[Attention(Moba{}).index()]) set_splits(*this, kernel);
}

std::vector<std::string> AttentionTable::implementations(std::string_view mechanism) const {
  std::vector<std::string> names;
  for (const Attention& one : attention_mechanisms()) {
    if (name(one) != mechanism) continue;
    for (const TimedKernel& kernel : kernels(one)) {
      if (kernel.serves_both) names.push_back(kernel.implementation);
    }
  }
  return names;
}

const TimedKernel* AttentionTable::kernel(const Attention& mechanism, std::string_view implementation) const {
  const auto found = std::ranges::find(kernels(mechanism), implementation, &TimedKernel::implementation);
  return found == kernels(mechanism).end() ? nullptr : &*found;
}

const TimedKernel& AttentionTable::named_kernel(const AttentionLayer& layer, std::string_view implementation) const {
  const TimedKernel* found = kernel(layer.attention, implementation);
  if (found == nullptr) throw_no_rows(layer, implementation);
  return *found;
}

void AttentionTable::throw_no_rows(const AttentionLayer& layer, std::string_view implementation) const {
  const std::string both = joined(implementations(name(layer.attention)));
  throw Unsupported(
      fmt::format("{} {} of {} on {}", implementation, name(layer.pass), name(layer.attention), device_),
                    "the device's table has no such rows; both passes: " + (both.empty() ? "none" : both));
}

Seconds AttentionTable::roofline(const AttentionLayer& layer) const {
  const AttentionWork all = work(layer.attention, layer.shape, dtype_bytes_);
  const bool forward = layer.pass == Pass::forward;
  return std::max((forward ? all.forward : all.backward_hardware) / peak_,
                  (forward ? all.forward_bytes : all.backward_bytes) / memory_bandwidth_);
}

// Beyond the ends of the curve the end's fraction of the roofline is held - for MoBA, which is nowhere near it, the
// split of its time (A27) - and the spread grows with each doubling (A26).
TimeEstimate AttentionTable::held(const FromRows& rows, const CurvePoint& end) const {
  const AttentionLayer& layer = rows.layer;
  AttentionLayer there = layer;
  there.shape.sequence = end.sequence;
  const double flops = useful_flops(there).value();
  const double growth = std::holds_alternative<Moba>(layer.attention)
                            ? ratio_of_times(*this, rows.kernel, *rows.head_dim, *rows.setting, layer, there)
                            : roofline(layer) / roofline(there);
  const double doublings = log_distance(layer.shape.sequence, end.sequence) / std::log(2.0);
  const double spread = std::pow(1 + published_spread(layer.pass), doublings);
  return {Seconds(std::exp(end.time) * flops * growth), Seconds(std::exp(end.lo) * flops * growth / spread),
          Seconds(std::exp(end.hi) * flops * growth * spread), Basis::extrapolated};
}

TimeEstimate AttentionTable::at_measured_setting(const FromRows& rows) const {
  const Curve& curve = *rows.curve();
  return rows.inside() ? on_curve(rows.layer, *rows.setting, curve)
                       : held(rows, point_at(curve, rows.layer.shape.sequence));
}

TimeEstimate AttentionTable::by_kernel(const AttentionLayer& layer, const TimedKernel& kernel) const {
  const FromRows rows(layer, kernel);
  if (rows.curve() == nullptr) throw_no_rows(layer, kernel.implementation);
  TimeEstimate estimate = at_measured_setting(rows);
  if (rows.setting->parameters != parameters_of(layer.attention)) {
    estimate = scaled(*this, kernel, *rows.head_dim, *rows.setting, estimate, rows.layer, layer);
  }
  if (rows.head_dim->head_dim != layer.shape.head_dim) estimate.basis = Basis::extrapolated;
  const Seconds least = roofline(layer);
  estimate.time = std::max(estimate.time, least);
  estimate.lo = std::clamp(estimate.lo, least, estimate.time);
  estimate.hi = std::max(estimate.hi, estimate.time);
  return estimate;
}

const Efficiency& AttentionTable::assumed_efficiency(const Attention& mechanism) const {
  const std::string wanted(name(mechanism));
  const auto found = efficiency_.find(wanted);
  if (found == efficiency_.end()) {
    throw Unsupported(
        fmt::format("{} attention on {}", wanted, device_),
        "the device has neither measured rows for it nor an efficiency (efficiency: attention: " + wanted + ")");
  }
  return found->second;
}

TimeEstimate AttentionTable::time(const AttentionLayer& layer, const TimedKernel* kernel) const {
  if (kernel != nullptr) return by_kernel(layer, *kernel);
  const Efficiency& efficiency = assumed_efficiency(layer.attention);
  const Seconds least = roofline(layer);
  return {least / efficiency.value, least / efficiency.hi, least / efficiency.lo, efficiency.basis};
}

std::string AttentionTable::note(const AttentionLayer& layer, const TimedKernel* kernel) const {
  if (kernel == nullptr) {
    const Efficiency& efficiency = assumed_efficiency(layer.attention);
    return fmt::format("no rows: {:.0f}% of the roofline", 100 * efficiency.value);
  }
  const FromRows rows(layer, *kernel);
  if (rows.curve() == nullptr) throw_no_rows(layer, kernel->implementation);
  const Curve& curve = *rows.curve();
  std::string note = fmt::format("{} {}, rows {}..{}", kernel->implementation, name(layer.pass),
                                 length_text(curve.front().sequence), length_text(curve.back().sequence));
  if (const std::string how = rows.chosen->how(); !how.empty()) note += " (" + how + ")";
  const bool moba = std::holds_alternative<Moba>(layer.attention);
  if (!rows.inside()) note += moba ? ", split by counts beyond them" : ", fraction of the roofline held beyond them";
  if (rows.head_dim->head_dim != layer.shape.head_dim) {
    note += fmt::format(", time per FLOP of head_dim {} for {}", rows.head_dim->head_dim, layer.shape.head_dim);
  }
  if (rows.setting->parameters != parameters_of(layer.attention)) {
    note += ", scaled from " + description(rows.layer.attention);
  }
  if (rows.setting->disturbed[index_of(layer.pass)]) note += ", rows of a disturbed machine among them";
  return note;
}

const TimedKernel* AttentionTable::fastest(const AttentionLayer& asked, bool curves_only) const {
  const TimedKernel* best = nullptr;
  double least = std::numeric_limits<double>::infinity();
  AttentionLayer layer = asked;
  for (const TimedKernel& candidate : kernels(layer.attention)) {
    if (!candidate.serves_both) continue;
    double time = 0, work_done = 0;
    bool both = true;
    for (const Pass pass : kPasses) {
      layer.pass = pass;
      const FromRows rows(layer, candidate);
      both = both && rows.curve() != nullptr && !(curves_only && rows.curve()->size() == 1);
      if (!both) break;
      time += at_measured_setting(rows).time.value();
      work_done += useful_flops(rows.layer).value();
    }
    if (!both || !(time / work_done < least)) continue;
    least = time / work_done;
    best = &candidate;
  }
  return best;
}

const TimedKernel* AttentionTable::fastest(const AttentionLayer& layer) const {
  const TimedKernel* by_curve = fastest(layer, true);
  return by_curve == nullptr ? fastest(layer, false) : by_curve;
}

Seconds AttentionTable::routing_time(const AttentionLayer& layer, const TimedKernel* kernel, Seconds all) const {
  constexpr double kMostOfAll = 0.95;
  if (kernel == nullptr) return Seconds(0);
  const FromRows rows(layer, *kernel);
  if (rows.setting == nullptr) return Seconds(0);
  const MobaSplit split = split_of(*this, *kernel, *rows.head_dim, *rows.setting, layer.pass);
  return std::min(kMostOfAll * all, routing_time_of(split, layer));
}

}  // namespace mobasim
