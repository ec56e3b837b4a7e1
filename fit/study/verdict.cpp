#include "fit/study/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fit/prediction/prediction.h"

namespace mobasim {
namespace {

std::string label_of_winner(const Projection& projection, Winner winner) {
  return winner == Winner::treatment ? projection.treatment.arm.label : projection.baseline.arm.label;
}

// Three significant digits, without an exponent where people would not write one.
std::string short_number(double x) {
  if (x < 1000 || x >= 1e9) return fmt::format("{:.3g}", x);
  const double unit = std::pow(10.0, std::floor(std::log10(x)) - 2);
  return fmt::format("{:.0f}", std::round(x / unit) * unit);
}

std::string amount(const Projection& projection, double x) {
  return short_number(x) + " " + std::string(unit_of(projection.costs.axis));
}

// "3.1% (2.0% .. 4.2%)": how much lower the lower loss is, and the 95% interval, signed where it contains zero.
std::string margin(const Projection& projection, double x) {
  const LossRatio ratio = loss_ratio_at(projection.comparison, x);
  const double sign = ratio.log_ratio < 0 ? -1 : 1;
  const auto percent = [&](double log_ratio) { return 100 * (1 - std::exp(-sign * log_ratio)); };
  const double one = percent(ratio.interval.lo), other = percent(ratio.interval.hi);
  return fmt::format("{:.1f}% (95%: {:.1f}% .. {:.1f}%)", percent(ratio.log_ratio), std::min(one, other),
                     std::max(one, other));
}

std::string_view zone_text(Zone zone) {
  switch (zone) {
    case Zone::below:
      return "below the data: extrapolated";
    case Zone::inside:
      return "inside the data";
    case Zone::beyond:
      return "up to 3x beyond the data: extrapolated";
    case Zone::beyond_3x:
      return "3x to 10x beyond the data: extrapolated, take care";
    case Zone::beyond_10x:
      return "more than 10x beyond the data: extrapolated, a guess";
  }
  return "";
}

std::string headline(const Projection& projection) {
  const Interval common = common_range(projection.comparison);
  const double x = common.hi;
  if (common.lo > common.hi) return "The two arms' data share no x: every comparison here is extrapolated.\n";
  const LossRatio ratio = loss_ratio_at(projection.comparison, x);
  const Winner lower = ratio.log_ratio < 0 ? Winner::treatment : Winner::baseline;
  const Winner higher = lower == Winner::treatment ? Winner::baseline : Winner::treatment;
  std::string text = fmt::format("At the end of the data, {}: {} has the lower loss by {}{}.\n", amount(projection, x),
                                 label_of_winner(projection, lower), margin(projection, x),
                                 ratio.winner == Winner::undecided ? ", an interval that contains zero: undecided"
                                                                   : ", an interval away from zero");
  const double factor = equal_loss_cost_factor(projection.comparison, x);
  text += fmt::format("There {} would have to spend {:.2f}x as much for the same loss.\n",
                      label_of_winner(projection, higher), factor);
  return text;
}

std::string crossing_text(const Projection& projection) {
  const std::optional<double> x = crossing(projection.comparison);
  if (!x) return "The laws do not cross.\n";
  const Zone zone = zone_of(projection.comparison, *x);
  const double end = common_range(projection.comparison).hi;
  std::string where = std::string(zone_text(zone));
  if (*x > end) where = fmt::format("{:.3g}x beyond the data: extrapolated", *x / end);
  return fmt::format("The laws cross at {} ({}).\n", amount(projection, *x), where);
}

std::string law_text(const ArmProjection& arm) {
  const Estimate& estimate = arm.estimate;
  const Interval &a = estimate.intervals[0], &b = estimate.intervals[1];
  return fmt::format("  {}: L = {:.4f} x^-{:.4f}; a {:.4f} .. {:.4f}, b {:.4f} .. {:.4f} (95%); {} points of {} runs\n",
                     arm.arm.label, arm.law.a, arm.law.b, a.lo, a.hi, b.lo, b.hi, estimate.fit.points,
                     estimate.fit.clusters);
}

// How much a floor would change at the far end of the grid: what the data do not tell about projections.
std::string floor_text(const Projection& projection, const ArmProjection& arm) {
  if (!arm.with_floor) return "";
  const double x = projection.grid.back();
  const double without = loss_at(arm.law, x), with = predicted(arm.with_floor->fit, {x});
  return fmt::format("  {} with a floor (p3; {}): {:.4f} instead of {:.4f} at {} ({:+.1f}%)\n", arm.arm.label,
                     name(arm.with_floor->floor_status), with, without, amount(projection, x),
                     100 * (with / without - 1));
}

std::string paired_text(const Projection& projection) {
  if (!projection.paired) return "";
  const PairedLaw law = std::get<PairedLaw>(projection.paired->fit.law);
  const Interval& s = projection.paired->intervals[1];
  return fmt::format("  {} / {} = {:.4f} x^-s, s = {:.4f} ({:.4f} .. {:.4f}), paired by size: the gap {}\n",
                     projection.treatment.arm.label, projection.baseline.arm.label, law.r, law.s, s.lo, s.hi,
                     s.lo > 0   ? "closes with compute"
                     : s.hi < 0 ? "widens with compute"
                                : "may close or widen, the interval contains zero");
}

std::string trade_off_text(const Projection& projection, const std::vector<TradeOff>& rows) {
  std::string text = fmt::format(
      "Size by size at equal tokens: what {1} spends on this axis over what {0} spends (saving), and how many times "
      "more "
      "6nd\ncompute {0} needs for {1}'s loss (penalty); where the saving is larger, {0} is the better buy:\n",
      projection.treatment.arm.label, projection.baseline.arm.label);
  for (const TradeOff& row : rows) {
    text += fmt::format("  {:>6}: saving {:.2f}x {} penalty {:.2f}x{}\n", row.model, row.saving,
                        row.saving > row.penalty ? ">" : "<", row.penalty,
                        row.treatment_fits && row.baseline_fits ? "" : "; does not fit in the device's memory");
  }
  return text;
}

std::string basis_text(const Projection& projection) {
  std::string text;
  for (const ArmProjection* arm : {&projection.treatment, &projection.baseline}) {
    text += fmt::format("  {}: {}", arm->arm.label, name(arm->basis));
    if (!arm->costs.empty() && !arm->costs.back().note.empty()) text += "; attention: " + arm->costs.back().note;
    text += '\n';
  }
  if (projection.costs.price) {
    text += fmt::format("  price: {:.2f} $/h per device ({})\n", projection.costs.price->value() * kHour.value(),
                        projection.costs.price_source);
  }
  return text;
}

std::string spread_case(const Projection& projection, const SpreadRow& row) {
  const std::string &treatment = projection.treatment.arm.label, &baseline = projection.baseline.arm.label;
  const auto or_label = [](const std::string& text, const std::string& label) { return text.empty() ? label : text; };
  const std::string what = row.treatment_implementation.empty() && row.baseline_implementation.empty()
                               ? fmt::format("attention of {} at {}, of {} at {}", treatment, row.treatment_attention,
                                             baseline, row.baseline_attention)
                               : fmt::format("{} against {}", or_label(row.treatment_implementation, treatment),
                                             or_label(row.baseline_implementation, baseline));
  return fmt::format("  {}: {}{} by {:.1f}% at {}\n", what, row.ratio.winner == Winner::undecided ? "undecided, " : "",
                     row.ratio.log_ratio < 0 ? treatment : baseline,
                     100 * (1 - std::exp(-std::abs(row.ratio.log_ratio))), amount(projection, row.x));
}

std::string spread_text(const Projection& projection, const std::vector<SpreadRow>& rows) {
  if (rows.empty()) return "";
  std::string text =
      "The intervals above hold the scatter of the runs, not what is uncertain about times. With the attention times "
      "at\n"
      "the ends of their ranges, and with the other implementations that were measured, each at the end of its data\n"
      "(spread.csv):\n";
  for (const SpreadRow& row : rows) text += spread_case(projection, row);
  return text;
}

// "MoBA by 2.3% to 2.8%", by the laws themselves; with both arms named where they change places.
std::string leads(const Projection& projection, double from, double to) {
  const auto log_ratio = [&](double x) { return loss_ratio_at(projection.comparison, x).log_ratio; };
  const auto label = [&](double x) {
    return log_ratio(x) < 0 ? projection.treatment.arm.label : projection.baseline.arm.label;
  };
  const auto percent = [&](double x) { return 100 * (1 - std::exp(-std::abs(log_ratio(x)))); };
  const std::string second = label(to) == label(from) ? "" : label(to) + " by ";
  return fmt::format("{} by {:.1f}% to {}{:.1f}%", label(from), percent(from), second, percent(to));
}

std::string stretch_text(const Projection& projection, const Stretch& stretch) {
  return fmt::format("  {} .. {}: {}{} ({})\n", short_number(stretch.from), amount(projection, stretch.to),
                     stretch.winner == Winner::undecided ? "undecided, " : "",
                     leads(projection, stretch.from, stretch.to), zone_text(stretch.zone));
}

}  // namespace

Zone zone_of(const Comparison& comparison, double x) {
  const auto [start, end] = common_range(comparison);
  if (x > kExtrapolated * end) return Zone::beyond_10x;
  if (x > kWarnedExtrapolation * end) return Zone::beyond_3x;
  if (x > end) return Zone::beyond;
  return x < start ? Zone::below : Zone::inside;
}

std::vector<Stretch> stretches(const Projection& projection) {
  const Comparison& comparison = projection.comparison;
  const auto [start, end] = common_range(comparison);
  std::vector<double> xs = projection.grid;
  for (const double x : {start, end, kWarnedExtrapolation * end, kExtrapolated * end}) {
    if (x > projection.grid.front() && x < projection.grid.back()) xs.push_back(x);
  }
  std::sort(xs.begin(), xs.end());
  std::vector<Stretch> result;
  for (const double x : xs) {
    const Zone zone = zone_of(comparison, x);
    const Winner winner = loss_ratio_at(comparison, x).winner;
    if (result.empty()) {
      result.push_back({x, x, zone, winner});
    } else if (result.back().zone != zone || result.back().winner != winner) {
      // The ends of the data belong to the data; elsewhere a stretch ends where the next one begins.
      const bool leaves_zone = result.back().zone != zone && zone > Zone::inside;
      if (!leaves_zone) result.back().to = x;
      result.push_back({result.back().to, x, zone, winner});
    }
    result.back().to = x;
  }
  return result;
}

std::string verdict(const Study& study, const Projection& projection, const std::vector<TradeOff>& trade_offs,
                    const std::vector<SpreadRow>& spread) {
  std::string text =
      fmt::format("Study {}: {} against {}, axis {} ({})\n", study.name, projection.treatment.arm.label,
                  projection.baseline.arm.label, name(projection.costs.axis), label_of(projection.costs, study));
  if (projection.costs.axis == Axis::six_nd) {
    text += "This axis counts 6 N D without attention: equal x is equal tokens, not equal cost.\n";
  }
  text += headline(projection) + crossing_text(projection);
  text +=
      "Lower loss at equal x (decided where the 95% interval, which uses the pairing of the runs, excludes zero):\n";
  for (const Stretch& stretch : stretches(projection)) text += stretch_text(projection, stretch);
  if (projection.costs.axis != Axis::six_nd) text += trade_off_text(projection, trade_offs);
  text += fmt::format("Laws, x in {}, points {}:\n", unit_of(projection.costs.axis), study.points_text);
  text += law_text(projection.treatment) + law_text(projection.baseline) + paired_text(projection);
  text += floor_text(projection, projection.treatment) + floor_text(projection, projection.baseline);
  text += "What it rests on (basis):\n" + basis_text(projection) + spread_text(projection, spread);
  return text;
}

}  // namespace mobasim
