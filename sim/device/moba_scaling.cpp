#include "sim/device/moba_scaling.h"

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/device/attention_table.h"

namespace mobasim {
namespace {

constexpr double kOtherParametersHi = 1.5;  // A27

// The dense kernel that a MoBA kernel attends its pairs with: its own where it has dense rows, FlashAttention-2 for the
// two published ones, which are built on it (A27); nullptr where the device has no rows of both passes of it.
const TimedKernel* dense_kernel_of(const AttentionTable& table, const TimedKernel& moba) {
  const bool published = moba.implementation == "flash_moba" || moba.implementation == "moba_official";
  const std::string_view wanted = published ? "flash_attention_2" : std::string_view(moba.implementation);
  const TimedKernel* dense = table.kernel(FullAttention{}, wanted);
  return dense != nullptr && dense->serves_both ? dense : nullptr;
}

// Seconds per useful FLOP of dense attention at the layer's shape; by the fastest kernel where none is given.
double dense_time_per_flop(const AttentionTable& table, AttentionLayer layer, const TimedKernel* dense) {
  layer.attention = FullAttention{};
  const TimedKernel* kernel = dense == nullptr ? table.fastest(layer) : dense;
  return table.time(layer, kernel).time.value() / useful_flops(layer).value();
}

// The three counts that time is split by, and the dense time of the pairs.
struct Counts {
  double pairs_time = 0, picks = 0, gate = 0;
  [[nodiscard]] double time(const MobaSplit& split) const {
    return pairs_time + split.per_pick * picks + split.per_gate * gate;
  }
};

Counts counts_of(const AttentionTable& table, const AttentionLayer& layer, const TimedKernel& kernel) {
  const TimedKernel* dense = dense_kernel_of(table, kernel);
  const AttentionWork all = work(layer.attention, layer.shape, 2);  // bytes do not change a FLOP count
  const Flops pairs = layer.pass == Pass::forward ? all.forward - all.gate : all.backward;
  const double picks = static_cast<double>(count(layer.attention, layer.shape.sequence).picks);
  return {pairs.value() * dense_time_per_flop(table, layer, dense),
          picks * static_cast<double>(layer.shape.heads * layer.shape.batch * layer.shape.head_dim), all.gate.value()};
}

AttentionLayer layer_of(const TimedRow& row, const KernelHeadDim& rows, const KernelSetting& setting, Pass pass) {
  AttentionLayer layer;
  layer.attention = with_parameters(Moba{}, setting.parameters);
  layer.shape = {row.sequence, std::max<std::int64_t>(row.batch, 1), std::max<std::int64_t>(row.heads, 1),
                 std::max<std::int64_t>(row.kv_heads, 1), rows.head_dim};
  layer.pass = pass;
  return layer;
}

MobaSplit fitted_split(const AttentionTable& table, const TimedKernel& kernel, const KernelHeadDim& rows,
                       const KernelSetting& setting, Pass pass) {
  // Minimise sum (a u + b v - w)^2, each row divided by its time: w is what the pairs leave.
  double uu = 0, uv = 0, vv = 0, uw = 0, vw = 0;
  for (const TimedRow& row : setting.rows[index_of(pass)]) {
    const Counts counts = counts_of(table, layer_of(row, rows, setting, pass), kernel);
    const double time = row.time.value();
    const double u = counts.picks / time, v = counts.gate / time, w = 1 - counts.pairs_time / time;
    uu += u * u;
    uv += u * v;
    vv += v * v;
    uw += u * w;
    vw += v * w;
  }
  const double determinant = uu * vv - uv * uv;
  if (determinant > 1e-9 * uu * vv) {
    const MobaSplit split{(uw * vv - vw * uv) / determinant, (vw * uu - uw * uv) / determinant};
    if (split.per_pick >= 0 && split.per_gate >= 0) return split;
  }
  // At the edge of what is allowed: one of the two alone, the one that leaves the smaller error.
  const double pick = uu > 0 ? std::max(0.0, uw / uu) : 0, gate = vv > 0 ? std::max(0.0, vw / vv) : 0;
  return pick * uw >= gate * vw ? MobaSplit{pick, 0} : MobaSplit{0, gate};
}

}  // namespace

void set_splits(const AttentionTable& table, TimedKernel& kernel) {
  for (KernelHeadDim& rows : kernel.head_dims) {
    for (KernelSetting& setting : rows.settings) {
      for (const Pass pass : kPasses) {
        try {
          setting.split[index_of(pass)] = fitted_split(table, kernel, rows, setting, pass);
        } catch (const Unsupported&) {
          setting.split[index_of(pass)].reset();  // told when it is asked for
        }
      }
    }
  }
}

MobaSplit split_of(const AttentionTable& table, const TimedKernel& kernel, const KernelHeadDim& rows,
                   const KernelSetting& setting, Pass pass) {
  const std::optional<MobaSplit>& prepared = setting.split[index_of(pass)];
  return prepared ? *prepared : fitted_split(table, kernel, rows, setting, pass);
}

double ratio_of_times(const AttentionTable& table, const TimedKernel& kernel, const KernelHeadDim& rows,
                      const KernelSetting& setting, const AttentionLayer& to, const AttentionLayer& from) {
  const MobaSplit split = split_of(table, kernel, rows, setting, from.pass);
  return counts_of(table, to, kernel).time(split) / counts_of(table, from, kernel).time(split);
}

TimeEstimate scaled(const AttentionTable& table, const TimedKernel& kernel, const KernelHeadDim& rows,
                    const KernelSetting& setting, const TimeEstimate& measured, const AttentionLayer& from,
                    const AttentionLayer& to) {
  const double factor = ratio_of_times(table, kernel, rows, setting, to, from);
  TimeEstimate estimate;
  estimate.time = measured.time * factor;
  const Seconds at_dense_rate(useful_flops(to).value() * dense_time_per_flop(table, to, nullptr));
  estimate.lo = std::min(measured.lo * factor, at_dense_rate);
  estimate.hi = std::max(measured.hi * factor, estimate.time * kOtherParametersHi);
  estimate.basis = Basis::extrapolated;
  return estimate;
}

Seconds routing_time_of(const MobaSplit& split, const AttentionLayer& layer) {
  const double picks = static_cast<double>(count(layer.attention, layer.shape.sequence).picks) *
                       static_cast<double>(layer.shape.head_dim);
  const double gate = layer.pass == Pass::forward ? work(layer.attention, layer.shape, 2).gate.value() : 0;
  return Seconds(split.per_pick * picks + split.per_gate * gate);
}

}  // namespace mobasim
