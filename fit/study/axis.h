// What "compute" means on the x axis, and what one token costs there.
//
// The published figures put 6 N D on the x axis: equal x is equal tokens, whatever attention costs. On every other axis
// each arm's points move to what that arm really spends, and the laws are fitted again there
// (docs/method/projection.md, A60).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fit/study/study.h"
#include "sim/device/device_tables.h"

namespace mobasim {

enum class Axis { six_nd, model_flops, gpu_hours, dollars };

[[nodiscard]] const std::vector<std::string>& axis_names();  // 6nd, model_flops, gpu_hours, dollars
[[nodiscard]] std::string_view name(Axis axis);
[[nodiscard]] Axis axis_named(const std::string& name);  // throws ConfigError
[[nodiscard]] std::string_view unit_of(Axis axis);       // PFLOP/s-days, h, USD

// What an axis needs to know of the runs' costs: nothing for 6nd and model_flops, the run part for gpu_hours and
// dollars, a price for dollars.
struct CostBasis {
  Axis axis = Axis::six_nd;
  std::optional<StudyRun> run;
  std::optional<Device> device;
  std::shared_ptr<const DeviceTables> tables;  // of the device, in the run's number format
  std::optional<DollarRate> price;  // per device
  std::string price_source;         // where it comes from, for people
};

// `device` and `price` replace the study's. Throws ConfigError when the axis needs a device or a price and none is
// given anywhere, saying how to give one.
[[nodiscard]] CostBasis cost_basis(const Study& study, Axis axis,
                                   const std::optional<std::filesystem::path>& device = std::nullopt,
                                   const std::optional<DollarRate>& price = std::nullopt);
// The label of the x axis: "PFLOP/s-days", "model PFLOP/s-days", "GPU hours (h100-sxm)", "US dollars (...)".
[[nodiscard]] std::string label_of(const CostBasis& costs, const Study& study);

// What one token of a run costs, in the axis's unit.
struct TokenCost {
  double x = 0;
  double x_lo = 0, x_hi = 0;  // where attention, and attention alone, takes the ends of its range
  Basis basis = Basis::measured;
  bool fits = true;  // in the device's memory
  std::string note;  // what the attention time rests on
};
// Throws Unsupported for what the simulator does not model.
[[nodiscard]] TokenCost token_cost(const CostBasis& costs, const StudyModel& model, const Attention& attention,
                                   const KernelChoice& kernels, std::int64_t sequence);
// The costs of every size of one arm, with the study's kernels or with others.
[[nodiscard]] std::vector<TokenCost> token_costs(const CostBasis& costs, const Study& study, const StudyArm& arm,
                                                 const KernelChoice& kernels);

// Tokens of a run of size N that spent `compute` PFLOP/s-days of 6 N D.
[[nodiscard]] double tokens_of(double compute_6nd, const StudyModel& model);
// The group (on 6nd, runs in the order of study.models) with each point at its tokens x what one of them costs.
[[nodiscard]] RunGroup moved(const RunGroup& group, const Study& study, const std::vector<double>& x_per_token);

}  // namespace mobasim
