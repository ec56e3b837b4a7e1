#include "fit/calibration/calibration.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "fit/calibration/weighted_quantile.h"
#include "fit/interval/distributions.h"
#include "fit/solve/solve.h"
#include "sim/base/text.h"
#include "sim/stack/calibration.h"

namespace mobasim {
namespace {

constexpr std::size_t kFolds = 10;
constexpr double kMostRowsOfSource = 12;      // what a larger source counts as (A73)
constexpr std::size_t kMostFittedRows = 150;  // of one source; more are thinned evenly, for time
// A70: what is left when the constants are right: the spread of repeated runs and of what the tables do not say.
constexpr double kResidualSpread = 0.05;
constexpr double kRobustScale = 1.5;  // residuals beyond this many spreads count linearly
// A71: standard deviations of the priors, in the order of StackConstant: how far kernels' own measurements disagree
// (gemms 15%, attention 20%), and how little is known of fusion, links and hosts.
constexpr std::array<double, 5> kPriorWidths = {0.15, 0.2, 0.3, 0.4, 0.4};
static_assert(kPriorWidths.size() == kStackConstants);
constexpr double kSlowHost = 0.7;  // logarithm of a host twice as slow: a second start of the fit
// A72: the prior of the spread, 8% as if of four rows; of many rows what kHeld of them stayed within.
constexpr double kPriorSpread = 0.08, kPriorRows = 4;
// Fewer rows cannot tell the constants of a stack: then configurations are left out instead of sources.
constexpr double kLeastRows = 4;
constexpr double kManyRows = 20, kHeld = 0.93;

using Rows = std::vector<CalibrationRow>;

std::string configuration_of(const MeasuredRun& run) {
  const Layout& layout = run.execution.layout;
  std::string text = fmt::format("{} {} {} {} {} {} {} {} {} {}", run.gpu, run.model.hidden, layers(run.model),
                                 run.model.vocab, run.workload.sequence, run.devices, layout.tensor, layout.pipeline,
                                 layout.context, layout.zero_stage);
  return text + " " + run.workload.dtype;
}

double residual_of(const CalibrationRow& row, const StackConstants& constants) {
  return std::log(fastest(*row.prepared, constants).time / row.time);
}

std::map<std::string, double> rows_of_sources(const Rows& rows) {
  std::map<std::string, double> counts;
  for (const CalibrationRow& row : rows) counts[row.source] += 1;
  return counts;
}

std::vector<double> weights_of(const Rows& rows) {
  const auto counts = rows_of_sources(rows);
  std::vector<double> weights;
  for (const CalibrationRow& row : rows) {
    const double count = counts.at(row.source);
    weights.push_back(std::min(count, kMostRowsOfSource) / count);
  }
  return weights;
}

// Every k-th row of a source that has too many.
Rows thinned(const Rows& rows) {
  std::map<std::string, std::size_t> counts, seen;
  for (const CalibrationRow& row : rows) ++counts[row.source];
  Rows kept;
  for (const CalibrationRow& row : rows) {
    const std::size_t step = (counts[row.source] + kMostFittedRows - 1) / kMostFittedRows;
    if (seen[row.source]++ % step == 0) kept.push_back(row);
  }
  return kept;
}

StackConstants constants_at(const Stack& stack, const std::vector<double>& logs) {
  StackConstants constants;
  for (std::size_t j = 0; j < stack.fitted.size(); ++j) {
    constants.factor[static_cast<std::size_t>(stack.fitted[j])] = std::exp(logs[j]);
  }
  return constants;
}

std::string quoted(const std::vector<std::string>& words) {
  std::vector<std::string> texts;
  for (const std::string& word : words) texts.push_back(json_text(word));
  return joined(texts);
}

// Whether each source can be predicted from the others: what is left has at least kLeastRows rows.
bool sources_serve(const Rows& rows) {
  const auto counts = rows_of_sources(rows);
  return counts.size() >= 2 && std::ranges::all_of(counts, [&](const auto& source) {
           return static_cast<double>(rows.size()) - source.second >= kLeastRows;
         });
}

// The half-width of the interval (A72). Many rows: what kHeld of those left out stayed within. Few: Student's t of a
// spread that is pooled with its prior.
double width_of(double spread, double rows, std::vector<std::pair<double, double>> residuals) {
  if (rows >= kManyRows) {
    for (auto& [value, weight] : residuals) value = std::abs(value);
    return weighted_quantile(std::move(residuals), kHeld);
  }
  const double pooled =
      std::sqrt((kPriorRows * kPriorSpread * kPriorSpread + rows * spread * spread) / (kPriorRows + rows));
  return t_quantile_95(kPriorRows + rows) * pooled;
}

// The sizes of residuals, where the largest count as kMostSpreads times what 68% stay below: a few rows whose tables
// leave out what mattered do not widen every interval (winsorised, Tukey 1962; A78).
std::vector<double> winsorised_sizes(std::vector<double> residuals) {
  constexpr double kMostSpreads = 2, kWithinOneSpread = 0.68;
  for (double& residual : residuals) residual = std::abs(residual);
  std::vector<double> sorted = residuals;
  std::ranges::sort(sorted);
  const double count = std::ceil(kWithinOneSpread * static_cast<double>(sorted.size()));
  const double most = kMostSpreads * sorted[std::max<std::size_t>(static_cast<std::size_t>(count), 1) - 1];
  for (double& residual : residuals) residual = std::min(residual, most);
  return residuals;
}

}  // namespace

Rows calibration_rows(const std::vector<MeasuredRun>& runs, const std::vector<PreparedRun>& prepared,
                      const std::string& stack) {
  Rows rows;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (prepared[i].stack != stack || !prepared[i].reason.empty() || !runs[i].time) continue;
    if (runs[i].group == "loose" || runs[i].free.split) continue;
    rows.push_back({i, runs[i].source, configuration_of(runs[i]), *runs[i].time, runs[i].workload.sequence,
                    runs[i].devices, prepared[i].device, &prepared[i]});
  }
  return rows;
}

StackFit fitted_stack(const Stack& stack, const Rows& all_rows) {
  StackFit fit;
  if (all_rows.empty() || stack.fitted.empty()) return fit;
  const Rows rows = thinned(all_rows);
  RobustProblem problem;
  for (const StackConstant which : stack.fitted)
    problem.widths.push_back(kPriorWidths[static_cast<std::size_t>(which)]);
  problem.weights = weights_of(rows);
  problem.robust_scale = kRobustScale;
  // Where the host is the slower one time follows its constant, elsewhere not at all.
  const auto overhead = std::ranges::find(stack.fitted, StackConstant::overhead);
  if (overhead != stack.fitted.end()) {
    std::vector<double> start(stack.fitted.size(), 0.0);
    start[static_cast<std::size_t>(overhead - stack.fitted.begin())] = kSlowHost;
    problem.starts.push_back(start);
  }
  problem.residual = [&](std::size_t i, const std::vector<double>& logs) {
    return residual_of(rows[i], constants_at(stack, logs)) / kResidualSpread;
  };
  const RobustSolution solution = solved_robust(problem);
  fit.constants = constants_at(stack, solution.x);
  for (std::size_t j = 0; j < stack.fitted.size(); ++j) {
    fit.standard_error[static_cast<std::size_t>(stack.fitted[j])] = solution.standard_error[j];
  }
  return fit;
}

std::vector<Fold> folds_of(const Rows& rows) {
  std::set<std::string> sources, configurations;
  for (const CalibrationRow& row : rows) sources.insert(row.source), configurations.insert(row.configuration);
  const bool by_source = sources_serve(rows);
  std::vector<Fold> folds;
  std::map<std::string, std::size_t> fold_of;
  if (by_source) {
    for (const std::string& source : sources) fold_of.emplace(source, folds.size()), folds.push_back({source, {}});
  } else if (configurations.size() >= 2) {
    const std::size_t count = std::min(kFolds, configurations.size());
    for (std::size_t i = 0; i < count; ++i) folds.push_back({fmt::format("configurations {} of {}", i + 1, count), {}});
    std::size_t next = 0;
    for (const std::string& configuration : configurations) fold_of.emplace(configuration, next++ % count);
  }
  if (folds.empty()) return folds;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    folds[fold_of.at(by_source ? rows[i].source : rows[i].configuration)].held_out.push_back(i);
  }
  return folds;
}

Rows rows_without(const Rows& rows, const Fold& fold) {
  Rows rest;
  for (std::size_t i = 0, next = 0; i < rows.size(); ++i) {
    const bool held_out = next < fold.held_out.size() && fold.held_out[next] == i;
    if (held_out) ++next;
    if (!held_out) rest.push_back(rows[i]);
  }
  return rest;
}

std::vector<double> held_out_residuals(const Stack& stack, const Rows& rows) {
  std::vector<double> residuals;
  for (const Fold& fold : folds_of(rows)) {
    residuals.resize(rows.size());
    const StackConstants constants = fitted_stack(stack, rows_without(rows, fold)).constants;
    for (const std::size_t i : fold.held_out) residuals[i] = residual_of(rows[i], constants);
  }
  return residuals;
}

std::optional<StackEvidence> evidence_of(const Stack& stack, const Rows& rows) {
  const std::vector<double> residuals = held_out_residuals(stack, rows);
  if (residuals.empty()) return std::nullopt;
  StackEvidence evidence;
  evidence.rows = static_cast<std::int64_t>(rows.size());
  for (const auto& [source, count] : rows_of_sources(rows)) evidence.sources.push_back(source);
  const std::vector<double> weights = weights_of(rows);
  const std::vector<double> sizes = winsorised_sizes(residuals);
  double squares = 0, all = 0;
  std::vector<std::pair<double, double>> values;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    squares += weights[i] * sizes[i] * sizes[i];
    all += weights[i];
    values.emplace_back(residuals[i], weights[i]);
  }
  evidence.spread = std::sqrt(squares / all);
  evidence.bias = weighted_quantile(values, 0.5);
  evidence.width = width_of(evidence.spread, static_cast<double>(rows.size()), values);
  std::set<std::string> names;
  for (const CalibrationRow& row : rows) names.insert(row.device);
  evidence.device_names.assign(names.begin(), names.end());
  const auto [shortest_row, longest_row] = std::ranges::minmax(rows, {}, &CalibrationRow::sequence);
  evidence.sequence_lo = shortest_row.sequence;
  evidence.sequence_hi = longest_row.sequence;
  const auto [fewest, most] = std::ranges::minmax(rows, {}, &CalibrationRow::devices);
  evidence.devices_lo = fewest.devices;
  evidence.devices_hi = most.devices;
  return evidence;
}

Stack calibrated(Stack stack, const Rows& rows) {
  stack.constants = fitted_stack(stack, rows).constants;
  stack.evidence = evidence_of(stack, rows);
  return stack;
}

std::string calibration_text(const std::vector<Stack>& stacks, const std::string& source) {
  std::string text(kCalibrationHead);
  text += fmt::format("source: {}\nstacks:\n", json_text(source));
  for (const Stack& stack : stacks) {
    if (!stack.evidence) continue;
    const StackEvidence& evidence = *stack.evidence;
    text += fmt::format("{}{}\n", kCalibrationEntry, stack.name);
    for (std::size_t i = 0; i < kStackConstants; ++i) {
      text += fmt::format("    {}: {:.4f}\n", stack_constant_names()[i], stack.constants.factor[i]);
    }
    text += fmt::format("    rows: {}\n    sources: [{}]\n    device_names: [{}]\n", evidence.rows,
                        quoted(evidence.sources), joined(evidence.device_names));
    text += fmt::format("    spread: {:.4f}\n    bias: {:.4f}\n    width: {:.4f}\n", evidence.spread, evidence.bias,
                        evidence.width);
    text += fmt::format("    sequence: [{}, {}]\n    devices: [{}, {}]\n", evidence.sequence_lo, evidence.sequence_hi,
                        evidence.devices_lo, evidence.devices_hi);
  }
  return text;
}

}  // namespace mobasim
