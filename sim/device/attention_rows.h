// The rows of a device's table that time one attention kernel, sorted by what a layer is compared with: the head
// dimension, the parameters of the mechanism, the pass - and the curves through them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/device/attention_layer.h"
#include "sim/device/curve.h"
#include "sim/device/device.h"

namespace mobasim {

// By how much published sources of a pass disagree, a fraction of the time (A24).
[[nodiscard]] double published_spread(Pass pass);

// How the time of a MoBA kernel splits (sim/device/moba_scaling.h):
// seconds = dense time of the attended pairs + per_pick * picks * head_dim + per_gate * gate FLOPs
struct MobaSplit {
  double per_pick = 0;  // seconds per pick and value of the head
  double per_gate = 0;  // seconds per FLOP of the gate
};

// Rows of one kernel at one head dimension and one setting of its parameters. Those of a disturbed machine are among
// them only where a pass has no others at two lengths.
struct KernelSetting {
  AttentionParameters parameters;
  std::int64_t shortest = 0, longest = 0;  // sequences of all its rows, whatever they time
  std::array<std::vector<TimedRow>, 2> rows;  // that time a pass alone, by Pass
  std::vector<TimedRow> rows_of_both;         // that time both together
  std::array<Curve, 2> timed, both;           // through them, by Pass, with the spread of the pass
  std::array<bool, 2> disturbed{};            // whether a row that times the pass is of a disturbed machine
  std::array<std::optional<MobaSplit>, 2> split;  // of MoBA, by Pass; nothing where the device knows no dense attention
};

struct KernelHeadDim {
  std::int64_t head_dim = 0;
  std::vector<KernelSetting> settings;  // in the order of the table
};

// An implementation of one mechanism.
struct TimedKernel {
  std::string implementation;
  bool serves_both = false;  // has rows of both passes, timed apart or together
  std::vector<KernelHeadDim> head_dims;             // in the order of the table
  std::array<std::vector<std::size_t>, 2> timing;  // by Pass: which of them time it, in the order of the table

  // Of the head dimensions that time the pass the nearest; nullptr where none does.
  [[nodiscard]] const KernelHeadDim* nearest(Pass pass, std::int64_t head_dim) const;
};
// Among the parameters that were timed: those whose rows reach the sequence before those that do not, then the nearest.
[[nodiscard]] const KernelSetting& nearest_setting(const KernelHeadDim& rows, const AttentionParameters& wanted,
                                                   std::int64_t sequence);

// The kernels of a mechanism that have rows in a format that stands for `dtype`, in the order of the table.
[[nodiscard]] std::vector<TimedKernel> timed_kernels(const Device& device, std::string_view mechanism,
                                                     std::string_view dtype);

// The best curve for a layer's pass: timed directly, the difference of two timings, or a share of one (A25) - the
// first that covers the sequence, else the first that there is. nullptr when there is none.
class ChosenCurve {
 public:
  // `layer` has the parameters of the setting, which outlives this.
  ChosenCurve(const AttentionLayer& layer, const KernelSetting& setting);
  ChosenCurve(const ChosenCurve&) = delete;
  ChosenCurve& operator=(const ChosenCurve&) = delete;
  [[nodiscard]] const Curve* curve() const { return curve_; }
  [[nodiscard]] std::string how() const;  // "" when timed directly

 private:
  enum class How { timed, difference, share };
  const Curve* curve_ = nullptr;
  How how_ = How::timed;
  Pass pass_;
  Curve derived_;
};

}  // namespace mobasim
