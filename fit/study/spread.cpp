#include "fit/study/spread.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fit/data/fit_points.h"

namespace mobasim {
namespace {

struct ArmCase {
  std::string implementation;
  std::string attention = "middle";
  std::vector<TokenCost> costs;
};

std::vector<double> x_per_token(const ArmCase& arm) {
  std::vector<double> result;
  for (const TokenCost& cost : arm.costs) {
    result.push_back(arm.attention == "lo" ? cost.x_lo : arm.attention == "hi" ? cost.x_hi : cost.x);
  }
  return result;
}

LawFit law_of(const RunGroup& runs, const Study& study, const StudyArm& arm) {
  return fitted(PowerLaw{}, fit_data_of(runs, study.points), ResidualLoss{}, arm.label);
}

SpreadRow row_of(const Study& study, const StudyData& data, const ArmCase& treatment, const ArmCase& baseline) {
  const RunGroup treatment_runs = moved(data.treatment, study, x_per_token(treatment));
  const RunGroup baseline_runs = moved(data.baseline, study, x_per_token(baseline));
  const Comparison compared = comparison(treatment_runs, law_of(treatment_runs, study, study.treatment), baseline_runs,
                                         law_of(baseline_runs, study, study.baseline), study.points);
  SpreadRow row;
  row.treatment_implementation = treatment.implementation;
  row.baseline_implementation = baseline.implementation;
  row.treatment_attention = treatment.attention;
  row.baseline_attention = baseline.attention;
  const Interval common = common_range(compared);
  row.x = common.hi;
  row.ratio = loss_ratio_at(compared, row.x);
  row.cost_factor = equal_loss_cost_factor(compared, row.x);
  row.basis = study.data_basis;
  for (const ArmCase* arm : {&treatment, &baseline}) {
    for (const TokenCost& cost : arm->costs) row.basis = worst(row.basis, cost.basis);
  }
  if (common.lo > common.hi) row.basis = worst(row.basis, Basis::extrapolated);
  return row;
}

KernelChoice with_implementation(KernelChoice kernels, const StudyArm& arm, const std::string& implementation) {
  if (name(arm.attention) == "full") kernels.full = implementation;
  if (name(arm.attention) == "moba") kernels.moba = implementation;
  if (name(arm.attention) == "sliding_window") kernels.sliding_window = implementation;
  return kernels;
}

std::vector<ArmCase> alternatives(const Study& study, const CostBasis& costs, const StudyArm& arm) {
  std::vector<ArmCase> cases;
  for (const std::string& implementation : costs.tables->attention.implementations(name(arm.attention))) {
    const KernelChoice kernels = with_implementation(costs.run->kernels, arm, implementation);
    cases.push_back({implementation, "middle", token_costs(costs, study, arm, kernels)});
  }
  return cases;
}

// Empty for a law that never reaches the other's loss.
Cell finite_cell(double value) {
  Cell cell;
  if (std::isfinite(value)) cell = value;
  return cell;
}

}  // namespace

std::vector<SpreadRow> spread_of(const Study& study, const StudyData& data, const Projection& projection) {
  std::vector<SpreadRow> rows;
  if (!projection.costs.device) return rows;
  const ArmCase treatment{"", "middle", projection.treatment.costs}, baseline{"", "middle", projection.baseline.costs};
  rows.push_back(row_of(study, data, treatment, baseline));
  for (const char* treatment_end : {"lo", "hi"}) {
    for (const char* baseline_end : {"lo", "hi"}) {
      rows.push_back(row_of(study, data, {"", treatment_end, treatment.costs}, {"", baseline_end, baseline.costs}));
    }
  }
  const std::vector<ArmCase> treatments = alternatives(study, projection.costs, study.treatment);
  const std::vector<ArmCase> baselines = alternatives(study, projection.costs, study.baseline);
  for (const ArmCase& one : treatments.empty() ? std::vector{treatment} : treatments) {
    for (const ArmCase& other : baselines.empty() ? std::vector{baseline} : baselines) {
      if (!one.implementation.empty() || !other.implementation.empty()) rows.push_back(row_of(study, data, one, other));
    }
  }
  return rows;
}

Table spread_table(const Projection& projection, const std::vector<SpreadRow>& rows) {
  const std::string &treatment = projection.treatment.arm.name, &baseline = projection.baseline.arm.name;
  Table table;
  table.columns = {"axis",
                   "implementation_" + treatment,
                   "implementation_" + baseline,
                   "attention_" + treatment,
                   "attention_" + baseline,
                   "x",
                   "ratio",
                   "ratio_lo",
                   "ratio_hi",
                   "winner",
                   "cost_factor",
                   "basis"};
  for (const SpreadRow& row : rows) {
    table.rows.push_back({std::string(name(projection.costs.axis)), row.treatment_implementation,
                          row.baseline_implementation, row.treatment_attention, row.baseline_attention, row.x,
                          std::exp(row.ratio.log_ratio), std::exp(row.ratio.interval.lo),
                          std::exp(row.ratio.interval.hi), winner_name(projection, row.ratio.winner),
                          finite_cell(row.cost_factor), std::string(name(row.basis))});
  }
  return table;
}

}  // namespace mobasim
