#include "cli/fit/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/chart/chart.h"
#include "fit/report/words.h"

namespace mobasim::cli {
namespace {

constexpr std::string_view kPointColour = "#3b6fb5", kLawColour = "#222222", kBandColour = "#d98b00",
                           kMeanColour = "#3b6fb5", kTargetColour = "#c0392b";
constexpr std::size_t kMostPoints = 2000;  // drawn; of more an even sample
constexpr int kLawSteps = 80;
constexpr double kLeastReach = 3;       // times the data that the law is drawn to
constexpr std::size_t kMostTicks = 10;  // powers of ten with a label

using Points = std::vector<std::pair<double, double>>;

// Which points are drawn.
std::vector<bool> drawn(std::size_t points) {
  std::vector<bool> chosen(points);
  const std::size_t count = std::min(points, kMostPoints);
  for (std::size_t k = 0; k < count; ++k) chosen[k * points / count] = true;
  return chosen;
}

std::string sample_words(std::size_t points) {
  return points > kMostPoints ? fmt::format(" Of {} points an even sample of {} is drawn.", points, kMostPoints) : "";
}

double product(const std::vector<double>& x) { return x.size() == 2 ? x[0] * x[1] : x[0]; }
double product(const Inputs& log_x) { return std::exp(log_x[0] + log_x[1]); }

const Interval& product_range(const LawFit& fit) {
  return shape(fit.law).inputs == 1 ? fit.range[0] : fit.product_range;
}

// A logarithmic axis about a range; over many powers of ten every second, third, ... has a label.
ChartAxis x_axis(const FitReport& report, double from, double to) {
  ChartAxis axis;
  axis.label = x_label(report);
  const double margin = std::pow(std::max(to / from, 1.5), 0.04);
  axis.from = from / margin;
  axis.to = to * margin;
  const std::vector<double> all = labelled_ticks(axis);
  const std::size_t step = all.size() / kMostTicks + 1;
  if (step > 1) {
    for (std::size_t k = 0; k < all.size(); k += step) axis.ticks.push_back(all[k]);
  }
  return axis;
}

// The law along its chart, with what is known of it there.
struct Along {
  double x = 0;
  Prediction prediction;
};

std::vector<Along> law_along(const GroupFit& group, double from, double to) {
  const LawFit& fit = group.estimate.fit;
  const Backtest none;
  std::vector<Along> rows;
  for (int k = 0; k <= kLawSteps; ++k) {
    const double x = from * std::pow(to / from, static_cast<double>(k) / kLawSteps);
    const std::vector<double> at = best_split(fit, x);
    const bool there = std::ranges::all_of(at, [](double one) { return std::isfinite(one) && one > 0; });
    if (!there) return {};
    rows.push_back(
        {x, predicted(group.estimate, group.backtest ? *group.backtest : none, at, resampled_error(group, at))});
    if (!(rows.back().prediction.value > 0) || !std::isfinite(rows.back().prediction.value)) return {};
  }
  return rows;
}

struct Range {
  double from = INFINITY, to = 0;
  void widen(double value) {
    from = std::min(from, value);
    to = std::max(to, value);
  }
};

// All points and the law are inside; a band may leave the chart, which otherwise would show nothing else.
ChartAxis y_axis(const FitReport& report, const Points& points, const std::vector<Along>& law, const Points& observed) {
  Range seen;
  for (const auto& [x, y] : points) seen.widen(y);
  for (const auto& [x, y] : observed) seen.widen(y);
  for (const Along& row : law) seen.widen(row.prediction.value);
  const double room = std::max(seen.to / seen.from, 1.02);
  Range all = seen;
  for (const Along& row : law) {
    for (const double end : {row.prediction.band.lo, row.prediction.band.hi}) {
      if (std::isfinite(end) && end > 0) all.widen(std::clamp(end, seen.from / room, seen.to * room));
    }
  }
  const double margin = std::pow(std::max(all.to / all.from, 1.02), 0.05);
  ChartAxis axis;
  axis.label = y_label(report);
  axis.from = all.from / margin;
  axis.to = all.to * margin;
  axis.plain = true;
  return axis;
}

// Ends beyond the chart are drawn just beyond it.
void add_band(Chart& chart, const std::vector<Along>& law, const char* id, std::string_view colour,
              Interval Prediction::*range) {
  ChartBand band{id, std::string(colour), {}};
  for (const Along& row : law) {
    const Interval& one = row.prediction.*range;
    if (!determines(one)) return;
    band.rows.push_back({row.x, std::clamp(one.lo, chart.y.from / 2, chart.y.to * 2),
                         std::clamp(one.hi, chart.y.from / 2, chart.y.to * 2)});
  }
  chart.bands.push_back(std::move(band));
}

void add_targets(Chart& chart, const GroupFit& group, const Points& observed) {
  ChartMarks asked{"asked", std::string(kTargetColour), true, {}};
  for (const auto& [target, prediction, other] : group.projected)
    asked.points.emplace_back(product(target.x), prediction.value);
  if (!asked.points.empty()) {
    chart.marks.push_back(std::move(asked));
    chart.legend.push_back({"projected", {std::string(kTargetColour)}, false, LegendEntry::Sample::open_mark});
  }
  if (observed.empty()) return;
  chart.marks.push_back({"observed", std::string(kTargetColour), false, observed});
  chart.legend.push_back({"observed, not fitted", {std::string(kTargetColour)}, false, LegendEntry::Sample::mark});
}

Chart chart_of(const FitReport& report, const GroupFit& group, const std::vector<Along>& law, const Points& points,
               const std::string& id_prefix) {
  Points observed;
  for (const auto& [target, prediction, other] : group.projected) {
    if (target.observed) observed.emplace_back(product(target.x), *target.observed);
  }
  Chart chart;
  chart.id_prefix = id_prefix;
  chart.x = x_axis(report, law.front().x, law.back().x);
  chart.y = y_axis(report, points, law, observed);
  chart.data_end = product_range(group.estimate.fit).hi;
  chart.data_words = "data";
  chart.beyond_words = "beyond";
  add_band(chart, law, "band", kBandColour, &Prediction::band);
  add_band(chart, law, "mean", kMeanColour, &Prediction::mean);
  if (std::holds_alternative<PairedLaw>(report.law)) {  // where both arms are alike
    chart.lines.push_back({"alike", "#999999", 1, false, 0, {{chart.x.from, 1}, {chart.x.to, 1}}});
  }
  ChartLine line{"law", std::string(kLawColour), 1.8, false, 0, {}};
  for (const Along& row : law) line.points.emplace_back(row.x, row.prediction.value);
  chart.lines.push_back(std::move(line));
  chart.marks.push_back({"points", std::string(kPointColour), false, points});
  chart.legend = {{"fitted points", {std::string(kPointColour)}, false, LegendEntry::Sample::mark},
                  {fmt::format("the law {}", name(report.law)), {std::string(kLawColour)}}};
  if (chart.bands.size() == 2) {
    chart.legend.push_back({"95%, the law", {"#9fb9dc"}});
    chart.legend.push_back({"95%, one more observation", {"#f3dcb3"}});
  }
  add_targets(chart, group, observed);
  return chart;
}

}  // namespace

PageChart residual_chart(const FitReport& report, const GroupFit& group, const std::string& id_prefix) {
  const FitData& data = group.data;
  const LawFit& fit = group.estimate.fit;
  std::vector<bool> outlier(data.points());
  for (const Outlier& one : group.outliers) outlier[one.point] = true;
  Points inside, outside;
  double most = 0;
  const std::vector<bool> in_sample = drawn(data.points());
  for (std::size_t i = 0; i < data.points(); ++i) {
    if (!in_sample[i] && !outlier[i]) continue;
    const double residual = 100 * std::expm1(data.log_y[i] - log_predicted(fit, fit.at, data.log_x[i]));
    (outlier[i] ? outside : inside).emplace_back(product(data.log_x[i]), residual);
    most = std::max(most, std::abs(residual));
  }
  Chart chart;
  chart.height = 380;
  chart.id_prefix = id_prefix;
  chart.x = x_axis(report, product_range(fit).lo, product_range(fit).hi);
  chart.y.label = "residual, %";
  chart.y.linear = true;
  chart.y.to = most > 0 ? 1.1 * most : 1;
  chart.y.from = -chart.y.to;
  chart.lines.push_back({"zero", std::string(kLawColour), 1.2, false, 0, {{chart.x.from, 0}, {chart.x.to, 0}}});
  chart.marks.push_back({"residuals", std::string(kPointColour), false, inside});
  if (!outside.empty()) {
    chart.marks.push_back({"outliers", std::string(kTargetColour), false, outside});
    chart.legend = {{"points", {std::string(kPointColour)}, false, LegendEntry::Sample::mark},
                    {"outliers", {std::string(kTargetColour)}, false, LegendEntry::Sample::mark}};
  }
  const std::string caption = fmt::format("Residuals of {}: what was observed over the law, less 1, against {}.{}",
                                          group.name, x_label(report), sample_words(data.points()));
  chart.description = caption;
  return {svg_of(chart), caption};
}

Block projection_chart(const FitReport& report, const GroupFit& group, const std::string& id_prefix) {
  const Interval& range = product_range(group.estimate.fit);
  double to = kLeastReach * range.hi, from = range.lo;
  for (const auto& [target, prediction, other] : group.projected) {
    from = std::min(from, product(target.x));
    to = std::max(to, product(target.x));
  }
  const std::vector<Along> law = law_along(group, from, to);
  if (law.empty()) {
    return Paragraph{
        "There is no chart of the law: a term of it is not there or does not fall, so that it has no best "
        "split of compute into parameters and tokens to be drawn along."};
  }
  Points points;
  const std::vector<bool> in_sample = drawn(group.data.points());
  for (std::size_t i = 0; i < group.data.points(); ++i) {
    if (!in_sample[i]) continue;
    points.emplace_back(product(group.data.log_x[i]), std::exp(group.data.log_y[i]));
  }
  Chart chart = chart_of(report, group, law, points, id_prefix);
  std::string caption = fmt::format("{}: the points, the law and where it leads, logarithmic axes.", group.name);
  if (shape(report.law).inputs == 2) {
    caption +=
        " The law is drawn along the parameters and tokens that make the loss least for their product; points "
        "of another split lie above it.";
  }
  if (chart.bands.empty()) caption += " No interval is determined, so that none is drawn.";
  caption += sample_words(group.data.points());
  chart.description = caption;
  return PageChart{svg_of(chart), caption};
}

}  // namespace mobasim::cli
