#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "fit/calibration/validation.h"
#include "fit/calibration/weighted_quantile.h"

namespace mobasim {
namespace {

struct Errors {
  std::vector<double> errors, half_widths;
  std::size_t inside = 0;
};

// The value below which a fraction of the sorted values lies, interpolated between neighbours.
double quantile(std::vector<double> values, double fraction) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const double at = fraction * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

std::vector<double> magnitudes(std::vector<double> values) {
  for (double& value : values) value = std::abs(value);
  return values;
}

// By group, in the order of first appearance.
std::vector<std::pair<std::string, Errors>> errors_by_group(const std::vector<ValidatedRow>& rows, bool memory) {
  std::vector<std::pair<std::string, Errors>> groups;
  for (const ValidatedRow& row : rows) {
    const std::optional<double> error = memory ? memory_error(row) : time_error(row);
    if (!error) continue;
    auto found = std::ranges::find(groups, row.group, &std::pair<std::string, Errors>::first);
    if (found == groups.end()) found = groups.insert(groups.end(), {row.group, {}});
    found->second.errors.push_back(*error);
    if (memory) continue;
    found->second.half_widths.push_back((*row.hi - *row.lo) / (2 * *row.predicted_time));
    if (*row.lo <= *row.measured_time && *row.measured_time <= *row.hi) ++found->second.inside;
  }
  return groups;
}

std::vector<ErrorSummary> summaries(const std::vector<ValidatedRow>& rows, bool memory) {
  std::vector<ErrorSummary> found;
  for (const auto& [group, errors] : errors_by_group(rows, memory)) {
    const std::vector<double> sizes = magnitudes(errors.errors);
    const auto count = static_cast<double>(sizes.size());
    ErrorSummary summary{.group = group, .rows = sizes.size(), .memory = memory};
    for (const double size : sizes) summary.mean += size / count;
    summary.median = quantile(sizes, 0.5);
    summary.p90 = quantile(sizes, 0.9);
    summary.max = quantile(sizes, 1);
    summary.bias = quantile(errors.errors, 0.5);
    summary.coverage = static_cast<double>(errors.inside) / count;
    summary.half_width = quantile(errors.half_widths, 0.5);
    found.push_back(summary);
  }
  return found;
}

std::string line_of(const ErrorSummary& one) {
  std::string line = fmt::format("{:<20}{:>5}{:>8.1f}%{:>7.1f}%{:>7.1f}%{:>7.1f}%{:>+8.1f}%", one.group, one.rows,
                                 100 * one.mean, 100 * one.median, 100 * one.p90, 100 * one.max, 100 * one.bias);
  if (!one.memory) line += fmt::format("{:>9.0f}%{:>9.1f}%", 100 * one.coverage, 100 * one.half_width);
  return line + "\n";
}

}  // namespace

std::vector<ErrorSummary> time_summaries(const std::vector<ValidatedRow>& rows) { return summaries(rows, false); }

std::vector<ErrorSummary> memory_summaries(const std::vector<ValidatedRow>& rows) { return summaries(rows, true); }

OverallSummary overall(const std::vector<ValidatedRow>& rows, const std::vector<std::string>& left_out) {
  OverallSummary result;
  std::vector<double> medians, half_widths;
  std::vector<std::pair<double, double>> weighted;
  double inside = 0;
  for (const auto& [group, errors] : errors_by_group(rows, false)) {
    if (std::ranges::find(left_out, group) != left_out.end()) continue;
    const std::vector<double> sizes = magnitudes(errors.errors);
    medians.push_back(quantile(sizes, 0.5));
    for (const double size : sizes) weighted.emplace_back(size, 1 / static_cast<double>(sizes.size()));
    half_widths.insert(half_widths.end(), errors.half_widths.begin(), errors.half_widths.end());
    inside += static_cast<double>(errors.inside);
    ++result.groups, result.rows += sizes.size();
  }
  if (result.rows == 0) return result;
  result.median = quantile(medians, 0.5);
  result.p90 = weighted_quantile(weighted, 0.9);
  result.coverage = inside / static_cast<double>(result.rows);
  result.half_width = quantile(half_widths, 0.5);
  return result;
}

std::string summary_text(const std::vector<ValidatedRow>& rows) {
  std::string text;
  const auto times = time_summaries(rows), memories = memory_summaries(rows);
  if (!times.empty()) {
    text += fmt::format("{:<20}{:>5}{:>9}{:>8}{:>8}{:>8}{:>9}{:>10}{:>10}\n", "time", "n", "mean", "median", "p90",
                        "max", "bias", "coverage", "interval");
    for (const ErrorSummary& one : times) text += line_of(one);
    const OverallSummary all = overall(rows, {"vtrain_single", "loose"});
    text += fmt::format(
        "{} groups without vtrain_single and loose, {} rows: median of medians {:.1f}%, p90 with groups weighted "
        "equally {:.1f}%, {:.0f}% inside the interval of +-{:.1f}%\n",
        all.groups, all.rows, 100 * all.median, 100 * all.p90, 100 * all.coverage, 100 * all.half_width);
  }
  if (!memories.empty()) {
    text +=
        fmt::format("{:<20}{:>5}{:>9}{:>8}{:>8}{:>8}{:>9}\n", "memory", "n", "mean", "median", "p90", "max", "bias");
    for (const ErrorSummary& one : memories) text += line_of(one);
  }
  std::size_t unsupported = 0, uncalibrated = 0;
  for (const ValidatedRow& row : rows) {
    unsupported += row.status == "unsupported";
    uncalibrated += row.status == "uncalibrated";
  }
  text += fmt::format("{} rows: {} ok, {} uncalibrated, {} unsupported\n", rows.size(),
                      rows.size() - unsupported - uncalibrated, uncalibrated, unsupported);
  return text;
}

}  // namespace mobasim
