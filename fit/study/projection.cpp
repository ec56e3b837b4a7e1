#include "fit/study/projection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "fit/data/fit_points.h"
#include "fit/solve/degenerate.h"
#include "sim/base/error.h"

namespace mobasim {
namespace {

std::optional<Estimate> law_with_floor(const FitData& data) {
  try {
    return estimated(FlooredPowerLaw{}, data, ResidualLoss{}, "with a floor");
  } catch (const ConfigError&) {
    return std::nullopt;  // too few sizes: then nothing is known of a floor either
  }
}

ArmProjection arm_projection(const Study& study, const StudyArm& arm, const RunGroup& runs, const CostBasis& costs) {
  ArmProjection result;
  result.arm = arm;
  result.costs = token_costs(costs, study, arm, costs.run ? costs.run->kernels : KernelChoice{});
  result.basis = study.data_basis;
  std::vector<double> x_per_token;
  for (const TokenCost& cost : result.costs) {
    x_per_token.push_back(cost.x);
    result.basis = worst(result.basis, cost.basis);
  }
  result.runs = costs.axis == Axis::six_nd ? runs : moved(runs, study, x_per_token);
  const FitData data = fit_data_of(result.runs, study.points);
  const std::string what = fmt::format("{} ({})", arm.label, study.data.string());
  result.estimate = estimated(PowerLaw{}, data, ResidualLoss{}, what);
  require_numbers(result.estimate.fit, what);
  result.law = std::get<PowerLaw>(result.estimate.fit.law);
  result.with_floor = law_with_floor(data);
  return result;
}

std::vector<double> grid_of(const Projection& projection, const Study& study) {
  if (projection.costs.axis == Axis::six_nd) {
    return log_grid(study.chart.x_from, study.chart.x_to, study.chart.points_per_decade);
  }
  double smallest = 0, largest = 0;
  for (const ArmProjection* arm : {&projection.treatment, &projection.baseline}) {
    for (const TrainingRun& run : arm->runs.runs) {
      const double end = largest_x(run);
      smallest = smallest == 0 ? end : std::min(smallest, end);
      largest = std::max(largest, end);
    }
  }
  return log_grid(0.05 * smallest, 10 * largest, study.chart.points_per_decade);
}

// Scale and exponent of a law with their intervals.
std::vector<Cell> parameter_cells(const Estimate& estimate) {
  const std::vector<double> values = parameters(estimate.fit.law);
  const Interval &scale = estimate.intervals[0], &exponent = estimate.intervals[1];
  return {values[0], values[1], scale.lo, scale.hi, exponent.lo, exponent.hi};
}

// `p2` and `paired`: the cells of those laws' parameters, six each; those of the other law are empty.
std::vector<Cell> law_row(const Projection& projection, const std::string& arms, const LawFit& fit,
                          const std::vector<Cell>& p2, const std::vector<Cell>& paired, Basis basis) {
  std::vector<Cell> row = {std::string(name(projection.costs.axis)),
                           arms,
                           std::string(name(fit.law)),
                           fit.points,
                           fit.clusters,
                           fit.objective};
  row.insert(row.end(), p2.begin(), p2.end());
  row.insert(row.end(), paired.begin(), paired.end());
  row.insert(row.end(),
             {fit.range[0].lo, fit.range[0].hi, std::string(unit_of(projection.costs.axis)), std::string(name(basis))});
  return row;
}

std::vector<Cell> projection_row(const Projection& projection, double x) {
  const ArmProjection &treatment = projection.treatment, &baseline = projection.baseline;
  const Interval treatment_interval = value_interval(treatment.estimate.fit, treatment.estimate.uncertainty, {x});
  const Interval baseline_interval = value_interval(baseline.estimate.fit, baseline.estimate.uncertainty, {x});
  const LossRatio ratio = loss_ratio_at(projection.comparison, x);
  return {std::string(name(projection.costs.axis)),
          x,
          loss_at(treatment.law, x),
          loss_at(baseline.law, x),
          treatment_interval.lo,
          treatment_interval.hi,
          baseline_interval.lo,
          baseline_interval.hi,
          extrapolation(projection.comparison.treatment, x),
          extrapolation(projection.comparison.baseline, x),
          std::string(name(basis_at(projection, x))),
          std::exp(ratio.log_ratio),
          std::exp(ratio.interval.lo),
          std::exp(ratio.interval.hi),
          winner_name(projection, ratio.winner)};
}

}  // namespace

Projection projection_of(const Study& study, const StudyData& data, const CostBasis& costs) {
  Projection result;
  result.costs = costs;
  result.treatment = arm_projection(study, study.treatment, data.treatment, costs);
  result.baseline = arm_projection(study, study.baseline, data.baseline, costs);
  result.comparison = comparison(result.treatment.runs, result.treatment.estimate.fit, result.baseline.runs,
                                 result.baseline.estimate.fit, study.points);
  if (costs.axis == Axis::six_nd) {
    const std::string what = fmt::format("{} over {}", study.treatment.label, study.baseline.label);
    const FitData pairs = paired_data_of(data.treatment, data.baseline, study.points, what);
    result.paired = estimated(PairedLaw{}, pairs, ResidualLoss{}, what);
  }
  result.grid = grid_of(result, study);
  return result;
}

std::vector<double> log_grid(double from, double to, std::int64_t points_per_decade) {
  const auto steps = static_cast<double>(points_per_decade);
  std::vector<double> grid = {from};
  const auto last = static_cast<std::int64_t>(std::ceil(std::log10(to) * steps));
  for (auto k = static_cast<std::int64_t>(std::floor(std::log10(from) * steps)); k <= last; ++k) {
    // Whole powers of ten by their decimal text, so that 0.1 is the double 0.1.
    const double x = k % points_per_decade == 0
                         ? std::strtod(fmt::format("1e{}", k / points_per_decade).c_str(), nullptr)
                         : std::pow(10.0, static_cast<double>(k) / steps);
    if (x > from * (1 + 1e-9) && x < to * (1 - 1e-9)) grid.push_back(x);
  }
  grid.push_back(to);
  return grid;
}

Basis basis_at(const Projection& projection, double x) {
  const Basis basis = worst(projection.treatment.basis, projection.baseline.basis);
  return inside(common_range(projection.comparison), x) ? basis : worst(basis, Basis::extrapolated);
}

std::string winner_name(const Projection& projection, Winner winner) {
  if (winner == Winner::undecided) return "undecided";
  return winner == Winner::treatment ? projection.treatment.arm.name : projection.baseline.arm.name;
}

Table laws_table(const Projection& projection) {
  Table table;
  table.columns = {"axis", "attention", "law",   "n",     "clusters", "objective", "a",    "b",
                   "a_lo", "a_hi",      "b_lo",  "b_hi",  "r",        "s",         "r_lo", "r_hi",
                   "s_lo", "s_hi",      "x_min", "x_max", "x_unit",   "basis"};
  const std::vector<Cell> none(6);
  for (const ArmProjection* arm : {&projection.treatment, &projection.baseline}) {
    const std::vector<Cell> p2 = parameter_cells(arm->estimate);
    table.rows.push_back(law_row(projection, arm->arm.name, arm->estimate.fit, p2, none, arm->basis));
  }
  if (const auto& estimate = projection.paired) {
    const std::string arms = projection.treatment.arm.name + "/" + projection.baseline.arm.name;
    const Basis basis = worst(projection.treatment.basis, projection.baseline.basis);
    const std::vector<Cell> paired = parameter_cells(*estimate);
    table.rows.push_back(law_row(projection, arms, estimate->fit, none, paired, basis));
  }
  return table;
}

Table curves_table(const Projection& projection, const Study& study) {
  Table table;
  table.columns = {"axis", "model", "attention", "x", "loss", "in_fit", "basis"};
  PointRule entering = study.points;  // a mean is of points that it does not leave standing
  if (entering.kind == PointRule::Kind::mean) entering.kind = PointRule::Kind::tail;
  for (const ArmProjection* arm : {&projection.treatment, &projection.baseline}) {
    for (std::size_t i = 0; i < arm->runs.runs.size(); ++i) {
      const TrainingRun& run = arm->runs.runs[i];
      const std::vector<Point> chosen = chosen_points(run, entering);
      const Basis basis = worst(study.data_basis, arm->costs[i].basis);
      for (const Point& point : run.points) {
        const bool in_fit = std::any_of(chosen.begin(), chosen.end(), [&](const Point& other) {
          return other.x == point.x && other.loss == point.loss;
        });
        table.rows.push_back({std::string(name(projection.costs.axis)), study.models[i].value, arm->arm.name, point.x,
                              point.loss, in_fit, std::string(name(basis))});
      }
    }
  }
  return table;
}

Table projection_table(const Projection& projection) {
  const std::string &treatment = projection.treatment.arm.name, &baseline = projection.baseline.arm.name;
  Table table;
  table.columns = {"axis",
                   "x",
                   "loss_" + treatment,
                   "loss_" + baseline,
                   "loss_" + treatment + "_lo",
                   "loss_" + treatment + "_hi",
                   "loss_" + baseline + "_lo",
                   "loss_" + baseline + "_hi",
                   "extrapolation_" + treatment,
                   "extrapolation_" + baseline,
                   "basis",
                   "ratio",
                   "ratio_lo",
                   "ratio_hi",
                   "winner"};
  for (const double x : projection.grid) table.rows.push_back(projection_row(projection, x));
  return table;
}

}  // namespace mobasim
