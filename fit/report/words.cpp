#include "fit/report/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fit/report/tables.h"
#include "sim/base/text.h"

namespace mobasim {
namespace {

constexpr double kMostFixedPercent = 1e5;

std::string unbounded(double value) {
  if (std::isnan(value)) return "not determined";
  return value > 0 ? "without bound" : "without bound below";
}

std::string percent_number(double share, std::string_view sign) {
  if (!std::isfinite(share)) return unbounded(share);
  const double value = std::abs(100 * share) < 0.005 ? 0 : 100 * share;
  if (std::abs(value) >= kMostFixedPercent) return fmt::format("{:.3g}%", value);
  return sign.empty() ? fmt::format("{:.2f}%", value) : fmt::format("{:+.2f}%", value);
}

// "a x^-b"; an exponent below 0 loses its minus.
std::string power_text(double coefficient, std::string_view x, double exponent) {
  const std::string sign = exponent < 0 ? "" : "-";
  return fmt::format("{} {}^{}{}", number(coefficient), x, sign, number(std::abs(exponent)));
}

}  // namespace

std::string number(double value, int digits) {
  if (!std::isfinite(value)) return unbounded(value);
  return fmt::format("{:.{}g}", value == 0 ? 0.0 : value, digits);
}

std::string times(double factor) {
  return factor >= 1000 && factor < 1e6 ? fmt::format("{:.0f}", factor) : number(factor, 3);
}

std::string percent(double share) { return percent_number(share, ""); }
std::string signed_percent(double share) { return percent_number(share, "+"); }

std::string counted(std::int64_t count, const std::string& thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

bool determines(const Interval& range) {
  return !std::isnan(range.lo) && !std::isnan(range.hi) &&
         !(std::isinf(range.hi) && (std::isinf(range.lo) || range.lo == 0));
}

std::string interval(const Interval& range) {
  if (!determines(range)) return "not determined";
  if (std::isinf(range.hi)) return "above " + number(range.lo);
  if (std::isinf(range.lo)) return "below " + number(range.hi);
  return number(range.lo) + " to " + number(range.hi);
}

std::string place(const LossLaw& law, const std::vector<double>& x) {
  if (x.empty()) return "nowhere";
  if (shape(law).inputs == 1) return "compute " + number(x[0]);
  return fmt::format("parameters {}, tokens {}", number(x[0]), number(x[1]));
}

std::string x_label(const FitReport& report) {
  if (shape(report.law).inputs == 1) {
    return report.compute == "compute" ? report.compute : fmt::format("compute ({})", report.compute);
  }
  return fmt::format("parameters x tokens ({} x {})", report.parameters, report.tokens);
}

std::string y_label(const FitReport& report) {
  if (std::holds_alternative<PairedLaw>(report.law)) return fmt::format("L_A / L_B ({})", report.loss_column);
  return report.loss_column == "loss" ? report.loss_column : fmt::format("loss ({})", report.loss_column);
}

std::string reach(double extrapolation) {
  if (!(extrapolation > 1)) return "";
  const std::string far = times(extrapolation) + " times the data", mark = extrapolation_mark(extrapolation);
  if (mark.empty()) return far;
  return mark == "extrapolated" ? mark + ": " + far : far + ": with care";
}

std::string reference_words(const GroupFit& group) {
  // Ten times the data is what the reference is where nothing is projected, but for rounding.
  const double far = extrapolation(group.estimate.fit, group.reference);
  return fmt::format("{} ({})", place(group.estimate.fit.law, group.reference), reach(std::round(far * 1e9) / 1e9));
}

std::string unit_of(const FitReport& report, const GroupFit& group) {
  if (std::holds_alternative<PairedLaw>(report.law)) return "pair";
  if (!report.cluster.empty()) return "cluster";
  return group.data.clustered() || !report.run.empty() ? "run" : "point";
}

std::string cluster_name(const GroupFit& group, std::size_t cluster) {
  const FitData& data = group.data;
  if (cluster < data.cluster_names.size() && !data.cluster_names[cluster].empty()) return data.cluster_names[cluster];
  const std::size_t first = cluster == 0 ? 0 : data.cluster_end[cluster - 1];
  const std::string line = line_of(data, first);
  return line.empty() ? fmt::format("number {}", cluster + 1) : "line " + line;
}

std::string cluster_words(const FitReport& report, const GroupFit& group, std::size_t cluster) {
  const std::string unit = unit_of(report, group), name = cluster_name(group, cluster);
  return (name.starts_with("line ") ? "the " + unit + " of " : unit + " ") + name;
}

std::size_t cluster_of(const FitData& data, std::size_t point) {
  return static_cast<std::size_t>(std::ranges::upper_bound(data.cluster_end, point) - data.cluster_end.begin());
}

std::string line_of(const FitData& data, std::size_t point) {
  return point < data.lines.size() && data.lines[point] > 0 ? fmt::format("{}", data.lines[point]) : "";
}

std::string fitted_formula(const LossLaw& law) {
  const LawShape form = shape(law);
  const std::vector<double> values = parameters(law);
  const std::vector<std::string> names =
      form.inputs == 1 ? std::vector<std::string>{"C"} : std::vector<std::string>{"N", "D"};
  std::vector<std::string> terms;
  for (std::size_t i = 0; i < form.inputs; ++i) {
    terms.push_back(power_text(values[form.height(i)], names[i], values[form.exponent(i)]));
  }
  std::string text = joined(terms, " + ");
  if (form.outer) text = fmt::format("({})^{}", text, number(values[form.outer_at()]));
  if (form.floor) text = number(values[0]) + " + " + text;
  return (std::holds_alternative<PairedLaw>(law) ? "L_A / L_B = " : "L = ") + text;
}

std::string loss_name(const ResidualLoss& loss) {
  return loss.huber_delta ? "Huber, delta " + shortest(*loss.huber_delta) : "squares";
}

std::string objective_formula(const ResidualLoss& loss, bool weighted) {
  const std::string sum = fmt::format(
      "F = sum_i {}rho(r_i), a sum and not a mean, of r_i = log y_i - log of the law at x_i", weighted ? "w_i " : "");
  if (!loss.huber_delta) return sum + "; rho(r) = r^2 / 2";
  return sum + fmt::format("; rho(r) = r^2 / 2 where |r| <= delta, else delta (|r| - delta / 2); delta = {}",
                           shortest(*loss.huber_delta));
}

}  // namespace mobasim
