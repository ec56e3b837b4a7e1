#include "sim/device/moba_scaling.h"

#include <algorithm>
#include <cmath>

#include "sim/device/attention_time.h"
#include "sim/device/dtype.h"

namespace mobasim {
namespace {

constexpr double kOtherParametersHi = 1.5;  // A27

// The dense kernel that a MoBA kernel attends its pairs with: its own where it has dense rows, FlashAttention-2 for the
// two published ones, which are built on it (A27); "" is the fastest of the table.
std::string dense_kernel_of(const std::string& implementation, const AttentionLayer& layer, const Device& device) {
  const auto known = implementations(device, "full", layer.dtype);
  const bool published = implementation == "flash_moba" || implementation == "moba_official";
  const std::string wanted = published ? "flash_attention_2" : implementation;
  return std::find(known.begin(), known.end(), wanted) != known.end() ? wanted : "";
}

// Seconds per useful FLOP of dense attention at the layer's shape.
double dense_time_per_flop(AttentionLayer layer, const Device& device, const std::string& implementation) {
  layer.attention = FullAttention{};
  layer.implementation = implementation;
  return attention_time(layer, device).time.value() / useful_flops(layer).value();
}

// The three counts that time is split by, and the dense time of the pairs.
struct Counts {
  double pairs_time = 0, picks = 0, gate = 0;
  [[nodiscard]] double time(const MobaSplit& split) const {
    return pairs_time + split.per_pick * picks + split.per_gate * gate;
  }
};

Counts counts_of(const AttentionLayer& layer, const std::string& implementation, const Device& device) {
  const std::string dense = dense_kernel_of(implementation, layer, device);
  const AttentionWork all = work(layer.attention, layer.shape, bytes_of(layer.dtype));
  const Flops pairs = layer.pass == Pass::forward ? all.forward - all.gate : all.backward;
  const double picks = static_cast<double>(count(layer.attention, layer.shape.sequence).picks);
  return {pairs.value() * dense_time_per_flop(layer, device, dense),
          picks * static_cast<double>(layer.shape.heads * layer.shape.batch * layer.shape.head_dim), all.gate.value()};
}

AttentionLayer layer_of(const ProfileRow& row, const AttentionLayer& like) {
  AttentionLayer layer = like;
  layer.attention = with_parameters(like.attention, parameters_of(row));
  layer.shape = {row.sequence, std::max<std::int64_t>(row.batch, 1), std::max<std::int64_t>(row.heads, 1),
                 std::max<std::int64_t>(row.kv_heads, 1), row.head_dim};
  return layer;
}

}  // namespace

MobaSplit split_of(const AttentionLayer& layer, const ProfileRows& rows, const Device& device) {
  // Minimise sum (a u + b v - w)^2, each row divided by its time: w is what the pairs leave.
  double uu = 0, uv = 0, vv = 0, uw = 0, vw = 0;
  for (const ProfileRow* row : rows) {
    if (row->pass != name_of(layer.pass)) continue;
    const Counts counts = counts_of(layer_of(*row, layer), row->implementation, device);
    const double time = row->time.value();
    const double u = counts.picks / time, v = counts.gate / time, w = 1 - counts.pairs_time / time;
    uu += u * u, uv += u * v, vv += v * v, uw += u * w, vw += v * w;
  }
  const double determinant = uu * vv - uv * uv;
  MobaSplit split;
  if (determinant > 1e-9 * uu * vv) {
    split.per_pick = (uw * vv - vw * uv) / determinant;
    split.per_gate = (vw * uu - uw * uv) / determinant;
    if (split.per_pick >= 0 && split.per_gate >= 0) return split;
  }
  // At the edge of what is allowed: one of the two alone, the one that leaves the smaller error.
  const double pick = uu > 0 ? std::max(0.0, uw / uu) : 0, gate = vv > 0 ? std::max(0.0, vw / vv) : 0;
  return pick * uw >= gate * vw ? MobaSplit{pick, 0} : MobaSplit{0, gate};
}

double ratio_of_times(const AttentionLayer& to, const AttentionLayer& from, const ProfileRows& rows,
                      const Device& device) {
  const MobaSplit split = split_of(from, rows, device);
  const std::string& implementation = rows.front()->implementation;
  return counts_of(to, implementation, device).time(split) / counts_of(from, implementation, device).time(split);
}

TimeEstimate scaled(const TimeEstimate& measured, const AttentionLayer& from, const AttentionLayer& to,
                    const ProfileRows& rows, const Device& device) {
  const double factor = ratio_of_times(to, from, rows, device);
  TimeEstimate estimate;
  estimate.time = measured.time * factor;
  const Seconds at_dense_rate(useful_flops(to).value() * dense_time_per_flop(to, device, ""));
  estimate.lo = std::min(measured.lo * factor, at_dense_rate);
  estimate.hi = std::max(measured.hi * factor, estimate.time * kOtherParametersHi);
  estimate.basis = Basis::extrapolated;
  return estimate;
}

}  // namespace mobasim
